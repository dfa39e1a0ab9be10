import { get, post, query, remove } from './http';
import type { Invitation, Role, User } from './types';

const base = '/api/v1/users';
const one = (id: string): string => `${base}/${encodeURIComponent(id)}`;

export type UserOrder = 'name' | 'email' | 'role' | 'created_at' | 'last_active_at';
export interface UserQuery {
  page: number;
  query: string;
  order_by: UserOrder;
  direction: 'asc' | 'desc';
}
export const USERS_PER_PAGE = 30;

export const listUsers = (q: UserQuery, signal?: AbortSignal): Promise<{ users: User[]; total: number }> =>
  get(`${base}/${query({ ...q })}`, signal);
export const addUser = (form: { name: string; email: string; role: Role }): Promise<User & { one_time_password?: string }> =>
  post('/api/v1/auths/add', form);
export const updateUser = (id: string, form: { name?: string; email?: string; role?: Role }): Promise<User> =>
  post(`${one(id)}/update`, form);
export const setUserDisabled = (id: string, is_disabled: boolean): Promise<User> =>
  post(`${one(id)}/${is_disabled ? 'disable' : 'enable'}`);
export const resetUser = (id: string): Promise<{ one_time_password: string }> => post(`${one(id)}/reset`);
export const deleteUser = (id: string): Promise<unknown> => remove(one(id));

export const listInvitations = (): Promise<Invitation[]> => get('/api/v1/invitations');
export const createInvitation = (form: { email?: string; role: Role }): Promise<Invitation & { url: string; token: string }> =>
  post('/api/v1/invitations', form);
export const revokeInvitation = (id: string): Promise<unknown> => remove(`/api/v1/invitations/${encodeURIComponent(id)}`);

export interface UiSettings {
  default_model?: string;
  favourite_models?: string[];
  [other: string]: unknown;
}
export const fetchUiSettings = (): Promise<{ ui?: UiSettings } | null> => get(`${base}/user/settings`);
export const saveUiSettings = (ui: UiSettings): Promise<unknown> => post(`${base}/user/settings/update`, { ui });
