import { get, post } from './http';
import type { Connections, ModelList } from './types';

export const fetchConnections = (): Promise<Connections> => get('/openai/config');
export const saveConnection = (url: string, key: string): Promise<Connections> =>
  post('/openai/config/update', {
    ENABLE_OPENAI_API: true,
    OPENAI_API_BASE_URLS: [url],
    OPENAI_API_KEYS: [key],
    OPENAI_API_CONFIGS: { '0': { enable: true } },
  });
export const fetchModels = (): Promise<ModelList> => get('/api/models');
