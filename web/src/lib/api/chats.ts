import { get, post, query, remove, send } from './http';
import type { Chat, ChatRow } from './types';

const base = '/api/v1/chats';
const one = (id: string): string => `${base}/${encodeURIComponent(id)}`;
export const CHATS_PER_PAGE = 60;

export const listChats = (page: number): Promise<ChatRow[]> => get(`${base}/${query({ page })}`);
export const searchChats = (text: string, page: number, signal?: AbortSignal): Promise<ChatRow[]> =>
  get(`${base}/search${query({ text, page })}`, signal);
export const fetchChat = (id: string, signal?: AbortSignal): Promise<Chat> => get(one(id), signal);
export const createChat = (model: string): Promise<Chat> => post(`${base}/new`, { chat: { models: [model] } });
export const renameChat = (id: string, title: string): Promise<Chat> => post(one(id), { chat: { title } });
export const setCurrent = (id: string, currentId: string): Promise<Chat> => post(one(id), { chat: { history: { currentId } } });
export const pinChat = (id: string): Promise<Chat> => post(`${one(id)}/pin`);
export const deleteChat = (id: string): Promise<unknown> => remove(one(id));
export const deleteAllChats = (): Promise<unknown> => remove(`${base}/`);

export const joinLive = (id: string, signal: AbortSignal): Promise<Response> =>
  send('GET', `${one(id)}/live`, { signal, accept: 'text/event-stream' });
export const stopAnswer = (messageId: string): Promise<unknown> => post(`/api/tasks/stop/${encodeURIComponent(messageId)}`);

export interface CompletionRequest {
  model: string;
  messages: { role: string; content: string }[];
  chat_id: string;
  id: string;
  parent_id: string;
  user_message?: { id: string; parentId: string | null; content: string };
}
export const startCompletion = (request: CompletionRequest, signal: AbortSignal): Promise<Response> =>
  send('POST', '/api/chat/completions', { body: { ...request, stream: true }, signal, accept: 'text/event-stream' });
