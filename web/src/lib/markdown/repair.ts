/* Closes markup that a stream has left open at its end, so that a half-written `**bold` is drawn bold
 * and a half-written link shows its text. Only for the block that is still being written. */

function count(text: string, mark: string): number {
  return text.split(mark).length - 1;
}

function openFence(text: string): boolean {
  let fence: string | null = null;
  for (const line of text.split('\n')) {
    const found = /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1];
    if (!found) continue;
    if (fence === null) fence = found;
    else if (found[0] === fence[0] && found.length >= fence.length) fence = null;
  }
  return fence !== null;
}

export function repairTail(text: string): string {
  if (openFence(text)) return text;
  let out = text.replace(/!?\[([^\]\n]*)\]\([^)\s]*$/, '$1').replace(/!?\[([^\]\n]*)$/, '$1');
  const last = out.slice(out.lastIndexOf('\n') + 1);
  if (count(last, '`') % 2 === 1) return out + '`';
  out = out.replace(/(^|\s)\*{1,2}$/, '$1');
  const tail = out.slice(out.lastIndexOf('\n') + 1).replace(/`[^`]*`/g, '');
  if (count(tail, '**') % 2 === 1) out += out.endsWith('*') ? '*' : '**';
  else if (count(tail.replace(/\*\*/g, ''), '*') % 2 === 1 && /(^|\s)\*\S/.test(tail)) out += '*';
  return out;
}
