/* The open chat: its tree of messages and the answers that are being written into it. The server owns the
 * chat and goes on when this page goes away; streams here are only views. */
import * as api from '$lib/api/chats';
import { ApiError } from '$lib/api/http';
import type { Chat, LiveEvent, Message } from '$lib/api/types';
import { uuid } from '$lib/format/id';
import { t, type PlainKey } from '$lib/i18n/index.svelte';
import { readEvents } from '$lib/sse/parser';
import { announce } from '$lib/ui/announce.svelte';
import { errorText } from '$lib/api/words';
import { pieceOf } from './chunks';
import { history } from './history.svelte';
import { Painter } from './paint';
import { reasonKey } from './reasons';
import { addMessage, isRunning, leafOf, pathTo, promptOf, siblingsOf, type Messages } from './tree';

export interface Failure {
  reason: PlainKey;
  /* The message never reached the server, so sending again must bring it along. */
  is_unsent: boolean;
}

const now = (): number => Math.floor(Date.now() / 1000);

export class Conversation {
  id = $state<string | null>(null);
  phase = $state<'empty' | 'loading' | 'ready' | 'missing' | 'failed'>('empty');
  load_error = $state<unknown>(null);
  messages = $state<Messages>({});
  current_id = $state<string | null>(null);
  models = $state<string[]>([]);
  failures = $state<Record<string, Failure>>({});
  path = $derived(pathTo(this.messages, this.current_id));
  running = $derived(this.path.find(isRunning) ?? null);
  oncreated: (id: string) => void = () => {};
  #streams = new Map<string, AbortController>();
  #live: AbortController | null = null;
  #loading: AbortController | null = null;
  #choosing: Promise<unknown> = Promise.resolve();

  /* ---- opening and closing ---- */

  reset(): void {
    this.#letGo();
    this.id = null;
    this.messages = {};
    this.current_id = null;
    this.models = [];
    this.failures = {};
    this.phase = 'empty';
  }

  async open(id: string): Promise<void> {
    this.reset();
    this.id = id;
    this.phase = 'loading';
    this.#loading = new AbortController();
    const { signal } = this.#loading;
    try {
      const chat = await api.fetchChat(id, signal);
      if (signal.aborted) return;
      this.#adopt(chat);
      this.phase = 'ready';
      this.joinIfRunning();
    } catch (error) {
      if (signal.aborted) return;
      this.load_error = error;
      this.phase = error instanceof ApiError && error.status === 404 ? 'missing' : 'failed';
    }
  }

  /* Takes what the server has, without touching answers this page is reading itself. */
  async refresh(): Promise<void> {
    if (!this.id || this.phase !== 'ready') return;
    const id = this.id;
    await this.#choosing;
    const current = this.current_id;
    const chat = await api.fetchChat(id).catch(() => null);
    if (!chat || this.id !== id) return;
    for (const message of Object.values(chat.chat.history.messages)) {
      if (!this.#streams.has(message.id)) this.messages[message.id] = message;
    }
    const has_moved = this.current_id !== current; /* the person chose another version meanwhile */
    if (this.#streams.size === 0 && !has_moved) this.current_id = chat.chat.history.currentId ?? current;
    this.joinIfRunning();
  }

  close(): void {
    this.#letGo();
  }

  #adopt(chat: Chat): void {
    this.messages = chat.chat.history.messages ?? {};
    this.models = chat.chat.models ?? [];
    const current = chat.chat.history.currentId;
    this.current_id = current && this.messages[current] ? current : (Object.keys(this.messages).at(-1) ?? null);
  }

  #letGo(): void {
    this.#loading?.abort();
    this.#live?.abort();
    this.#live = null;
    for (const stream of this.#streams.values()) stream.abort();
    this.#streams.clear();
  }

  /* ---- what people do ---- */

  async send(content: string, model: string): Promise<void> {
    await this.#ask(content, model, this.#lastKnown(this.current_id));
  }

  /* A changed question is a new branch beside the old one. */
  async edit(message_id: string, content: string, model: string): Promise<void> {
    const message = this.messages[message_id];
    if (message) await this.#ask(content, model, message.parentId);
  }

  async regenerate(answer_id: string, model: string): Promise<void> {
    const answer = this.messages[answer_id];
    const question = answer?.parentId ? this.messages[answer.parentId] : undefined;
    if (!answer || !question) return;
    const is_unsent = this.failures[answer_id]?.is_unsent ?? false;
    if (is_unsent) this.#forget(answer_id);
    await this.#answer(question, model, is_unsent);
  }

  async stop(): Promise<void> {
    const message = this.running;
    if (!message) return;
    message.stopped = true;
    message.done = true;
    this.#streams.get(message.id)?.abort(); /* only the view; the server ends it too, but not tidily */
    this.#streams.delete(message.id);
    await api.stopAnswer(message.id).catch(() => this.refresh());
  }

  choose(sibling_id: string): void {
    const leaf = leafOf(this.messages, sibling_id);
    this.current_id = leaf;
    if (this.id) this.#choosing = api.setCurrent(this.id, leaf).catch(() => {});
  }

  siblings(id: string): string[] {
    return siblingsOf(this.messages, id);
  }

  /* ---- asking ---- */

  async #ask(content: string, model: string, parent: string | null): Promise<void> {
    const question: Message = {
      id: uuid(), parentId: parent, childrenIds: [], role: 'user', content, timestamp: now(), done: true,
    };
    addMessage(this.messages, question);
    if (this.phase === 'empty') this.phase = 'ready';
    await this.#answer(question, model, true);
  }

  async #answer(question: Message, model: string, is_new_question: boolean): Promise<void> {
    const answer: Message = {
      id: uuid(), parentId: question.id, childrenIds: [], role: 'assistant', content: '', timestamp: now(), model, done: false,
    };
    addMessage(this.messages, answer);
    this.current_id = answer.id;
    this.models = [model];
    const stream = new AbortController();
    this.#streams.set(answer.id, stream);
    try {
      const chat_id = await this.#chatId(model);
      const response = await api.startCompletion(
        {
          model,
          messages: promptOf(pathTo(this.messages, question.id)),
          chat_id,
          id: answer.id,
          parent_id: question.id,
          user_message: is_new_question
            ? { id: question.id, parentId: question.parentId, content: question.content }
            : undefined,
        },
        stream.signal,
      );
      history.touch(chat_id);
      await this.#read(response, answer.id, stream.signal);
    } catch (error) {
      if (!stream.signal.aborted) await this.#fail(answer.id, error, is_new_question);
    } finally {
      this.#streams.delete(answer.id);
    }
  }

  async #chatId(model: string): Promise<string> {
    if (this.id) return this.id;
    const chat = await api.createChat(model);
    this.id = chat.id;
    history.add(chat);
    this.oncreated(chat.id);
    return chat.id;
  }

  /* ---- reading an answer ---- */

  async #read(response: Response, id: string, signal: AbortSignal): Promise<void> {
    const message = this.messages[id];
    if (!message) return;
    let content = '';
    let reasoning = '';
    let is_ended = false;
    const painter = new Painter(() => {
      message.content = content;
      if (reasoning) message.reasoning = reasoning;
    });
    const take = (data: string): void => {
      if (data === '[DONE]') return void (is_ended = true);
      const piece = pieceOf(data);
      if (!piece) return;
      if (piece.error) throw piece.error;
      content += piece.content;
      reasoning += piece.reasoning;
      if (piece.usage) message.usage = piece.usage;
      if (piece.content || piece.reasoning) painter.request();
    };
    try {
      if (response.headers.get('content-type')?.startsWith('application/json')) {
        take(await response.text());
        is_ended = true;
      } else await readEvents(response, (event) => take(event.data));
    } catch (error) {
      if (error instanceof ApiError || signal.aborted) throw error;
      is_ended = false; /* the connection broke; the server still writes */
    } finally {
      painter.flush();
    }
    if (is_ended) this.#finish(message);
    else this.#lostView();
  }

  #finish(message: Message): void {
    message.done = true;
    announce(t('chat.answer_ready'));
  }

  /* The view broke, not the answer: look at it again by joining. */
  #lostView(): void {
    setTimeout(() => void this.refresh(), 400);
  }

  async #fail(id: string, error: unknown, is_new_question: boolean): Promise<void> {
    const message = this.messages[id];
    if (!message) return;
    const is_reached = error instanceof ApiError && error.status !== 0;
    message.done = true;
    message.error = { content: is_reached ? errorText(error) : '' };
    this.failures[id] = { reason: reasonKey(error), is_unsent: is_new_question && !is_reached };
    announce(t('chat.answer_failed'));
    if (!is_new_question || !is_reached || message.content !== '') return;
    const is_known = await this.#serverHas(message.parentId);
    const failure = this.failures[id];
    if (failure) failure.is_unsent = !is_known;
  }

  /* A refusal may come before or after the server has stored the question. */
  async #serverHas(id: string | null): Promise<boolean> {
    if (!this.id || id === null) return false;
    const chat = await api.fetchChat(this.id).catch(() => null);
    return chat === null || id in (chat.chat.history.messages ?? {});
  }

  /* What never reached the server cannot be a parent there: the new question takes its place. */
  #lastKnown(id: string | null): string | null {
    let at = id;
    while (at !== null && this.failures[at]?.is_unsent) {
      const question = this.messages[at]?.parentId ?? null;
      at = question === null ? null : (this.messages[question]?.parentId ?? null);
    }
    return at;
  }

  #forget(id: string): void {
    const message = this.messages[id];
    const parent = message?.parentId ? this.messages[message.parentId] : undefined;
    if (parent) parent.childrenIds = parent.childrenIds.filter((child) => child !== id);
    delete this.messages[id];
    delete this.failures[id];
  }

  /* ---- joining what runs ---- */

  joinIfRunning(): void {
    const mine = Object.values(this.messages).some((message) => isRunning(message) && !this.#streams.has(message.id));
    if (mine && this.id && !this.#live) void this.#join(this.id);
  }

  async #join(id: string): Promise<void> {
    const stop = new AbortController();
    this.#live = stop;
    const gathered = new Map<string, { content: string; reasoning: string }>();
    const painter = new Painter(() => {
      for (const [message_id, text] of gathered) {
        const message = this.messages[message_id];
        if (!message) continue;
        message.content = text.content;
        if (text.reasoning) message.reasoning = text.reasoning;
      }
    });
    try {
      const response = await api.joinLive(id, stop.signal);
      await readEvents(response, (event) => this.#live_event(event.data, gathered, painter));
    } catch {
      /* the server is away or the chat was closed; refresh below tells */
    }
    painter.flush();
    if (this.#live === stop) this.#live = null;
    if (!stop.signal.aborted && this.running) setTimeout(() => void this.refresh(), 1500);
  }

  #live_event(data: string, gathered: Map<string, { content: string; reasoning: string }>, painter: Painter): void {
    const event = liveEventOf(data);
    if (!event) return;
    if (event.type === 'delta') {
      const text = gathered.get(event.id) ?? { content: '', reasoning: '' };
      text.content += event.content ?? '';
      text.reasoning += event.reasoning ?? '';
      gathered.set(event.id, text);
      return painter.request();
    }
    if (this.#streams.has(event.message.id)) return;
    const { message } = event;
    addMessage(this.messages, message);
    if (event.type === 'snapshot') gathered.set(message.id, { content: message.content, reasoning: message.reasoning ?? '' });
    else {
      gathered.delete(message.id);
      if (!message.error) announce(t('chat.answer_ready'));
    }
  }
}

function liveEventOf(data: string): LiveEvent | null {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null && 'type' in value ? (value as LiveEvent) : null;
  } catch {
    return null;
  }
}
