import { describe, expect, it } from 'vitest';
import type { Message } from '../src/lib/api/types';
import { addMessage, childrenOf, isRunning, leafOf, pathTo, promptOf, siblingsOf, type Messages } from '../src/lib/chat/tree';

function message(id: string, parentId: string | null, role: Message['role'] = 'user', more: Partial<Message> = {}): Message {
  return { id, parentId, childrenIds: [], role, content: id, timestamp: 1, done: true, ...more };
}

/* q1 -> a1, a2 ; a2 -> q2 -> a3 ; q1b is another version of q1 */
function tree(): Messages {
  const all: Messages = {};
  addMessage(all, message('q1', null));
  addMessage(all, message('a1', 'q1', 'assistant'));
  addMessage(all, message('a2', 'q1', 'assistant'));
  addMessage(all, message('q2', 'a2'));
  addMessage(all, message('a3', 'q2', 'assistant'));
  addMessage(all, message('q1b', null, 'user', { timestamp: 2 }));
  return all;
}

describe('a conversation tree', () => {
  it('gives the path to a message', () => {
    expect(pathTo(tree(), 'a3').map((m) => m.id)).toEqual(['q1', 'a2', 'q2', 'a3']);
    expect(pathTo(tree(), null)).toEqual([]);
    expect(pathTo(tree(), 'absent')).toEqual([]);
  });

  it('survives broken and circular chains', () => {
    const all = tree();
    all['q1']!.parentId = 'gone';
    expect(pathTo(all, 'a1').map((m) => m.id)).toEqual(['q1', 'a1']);
    all['q1']!.parentId = 'a3';
    expect(pathTo(all, 'a3').map((m) => m.id)).toEqual(['q1', 'a2', 'q2', 'a3']);
    all['a3']!.childrenIds = ['q1'];
    expect(all[leafOf(all, 'q1')]).toBeDefined();
  });

  it('knows versions, also of the first question', () => {
    expect(siblingsOf(tree(), 'a1')).toEqual(['a1', 'a2']);
    expect(siblingsOf(tree(), 'q1b')).toEqual(['q1', 'q1b']);
    expect(siblingsOf(tree(), 'absent')).toEqual([]);
  });

  it('lands on the newest leaf of a version', () => {
    expect(leafOf(tree(), 'a2')).toBe('a3');
    expect(leafOf(tree(), 'q1')).toBe('a3');
    expect(leafOf(tree(), 'a1')).toBe('a1');
  });

  it('adds a message once', () => {
    const all = tree();
    addMessage(all, message('a1', 'q1', 'assistant', { content: 'new' }));
    expect(childrenOf(all, 'q1')).toEqual(['a1', 'a2']);
    expect(all['a1']!.content).toBe('new');
  });

  it('leaves failed and empty answers out of the prompt', () => {
    const path = [message('q', null), message('a', 'q', 'assistant', { content: '  ' }), message('q2', 'a')];
    expect(promptOf(path)).toEqual([
      { role: 'user', content: 'q' },
      { role: 'user', content: 'q2' },
    ]);
  });

  it('knows what runs', () => {
    expect(isRunning(message('a', null, 'assistant', { done: false }))).toBe(true);
    expect(isRunning(message('a', null, 'assistant', { done: false, error: { content: 'x' } }))).toBe(false);
    expect(isRunning(message('a', null, 'assistant'))).toBe(false);
    expect(isRunning(message('q', null, 'user', { done: false }))).toBe(false);
  });
});
