import { get, query } from './http';
import type { ModelUsage, UsageStats, UserUsage } from './types';

const base = '/api/v1/client-organizations/usage';

export interface Range {
  start_date: string;
  end_date: string;
}

export const fetchMyUsage = (): Promise<{ success: boolean; stats: UsageStats }> => get(`${base}/my-organization`);
export const fetchByUser = (organization: string, range: Range): Promise<{ user_usage: UserUsage[] }> =>
  get(`${base}/by-user/${encodeURIComponent(organization)}${query({ ...range })}`);
export const fetchByModel = (organization: string, range: Range): Promise<{ model_usage: ModelUsage[] }> =>
  get(`${base}/by-model/${encodeURIComponent(organization)}${query({ ...range })}`);
export const exportUrl = (range: Range): string => `${base}/export${query({ format: 'csv', ...range })}`;
