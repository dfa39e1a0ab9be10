import { call, get, post, remove } from './http';
import type { ApiKey, Config, Session, WebSession } from './types';

const base = '/api/v1/auths';

export const fetchConfig = (): Promise<Config> => get('/api/config');
export const fetchSession = (): Promise<Session> => call('GET', `${base}/`, { is_sign_in: true });

export const signIn = (email: string, password: string): Promise<Session> =>
  call('POST', `${base}/signin`, { body: { email, password }, is_sign_in: true });

export interface SignUp {
  name: string;
  email: string;
  password: string;
  invitation?: string;
}
export const signUp = (form: SignUp): Promise<Session> => call('POST', `${base}/signup`, { body: form, is_sign_in: true });
export const signOut = (): Promise<unknown> => call('POST', `${base}/signout`, { body: {}, is_sign_in: true });

export const updateProfile = (form: { name: string; locale?: string }): Promise<unknown> => post(`${base}/update/profile`, form);
export const updatePassword = (password: string, new_password: string): Promise<unknown> =>
  post(`${base}/update/password`, { password, new_password });

export const listSessions = (): Promise<WebSession[]> => get(`${base}/sessions`);
export const endSession = (id: string): Promise<unknown> => remove(`${base}/sessions/${encodeURIComponent(id)}`);
export const endOtherSessions = (): Promise<unknown> => remove(`${base}/sessions`);

export const listApiKeys = (): Promise<ApiKey[]> => get(`${base}/api_keys`);
export const createApiKey = (name: string): Promise<ApiKey & { api_key: string }> => post(`${base}/api_keys`, { name });
export const deleteApiKey = (id: string): Promise<unknown> => remove(`${base}/api_keys/${encodeURIComponent(id)}`);

export interface InvitationView {
  organization_name: string;
  email: string | null;
  role: string;
}
export const fetchInvitation = (token: string): Promise<InvitationView> =>
  get(`/api/v1/invitations/by-token/${encodeURIComponent(token)}`);
