import { get, patch, post, remove } from './http';
import type { Client, CreatedClient, NewClient, ProviderSettings, System } from './types';

const base = '/api/v1/client-organizations';
const one = (id: string): string => `${base}/clients/${encodeURIComponent(id)}`;

export const fetchProviderSettings = (): Promise<ProviderSettings> => get(`${base}/settings`);
export const saveProviderSettings = (form: {
  openrouter_provisioning_key?: string;
  default_markup_rate?: number;
}): Promise<{ success: boolean; settings: ProviderSettings }> => post(`${base}/settings`, form);

export const listClients = (): Promise<Client[]> => get(`${base}/clients`);
export const fetchClient = (id: string): Promise<Client> => get(one(id));
export const createClient = (form: NewClient): Promise<CreatedClient> => post(`${base}/clients`, form);

export interface ClientChange {
  name?: string;
  markup_rate?: number;
  monthly_limit?: number | null;
  timezone?: string;
  currency?: string;
  api_access?: boolean;
  billing_email?: string;
}
export const updateClient = (id: string, change: ClientChange): Promise<{ client: Client }> => patch(one(id), change);
export const setClientActive = (id: string, is_active: boolean): Promise<unknown> => post(`${one(id)}/${is_active ? 'enable' : 'disable'}`);
export const rotateClientKey = (id: string): Promise<{ api_key: string; client: Client }> => post(`${one(id)}/rotate`);
export const approveClientKey = (id: string, key_hash: string): Promise<unknown> => post(`${one(id)}/approve-key`, { key_hash });
export const deleteClient = (id: string): Promise<unknown> => remove(one(id));
export const fetchSystem = (): Promise<System> => get(`${base}/system`);
