/* Finds models by words in any order, in name, id and owner. Pure. */
import type { Model } from '$lib/api/types';

export function searchModels(all: readonly Model[], text: string): Model[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [...all];
  const scored: { model: Model; score: number }[] = [];
  for (const model of all) {
    const name = model.name.toLowerCase();
    const hay = `${name} ${model.id.toLowerCase()} ${model.owned_by?.toLowerCase() ?? ''}`;
    if (!words.every((word) => hay.includes(word))) continue;
    const score = name.startsWith(words[0]!) ? 0 : name.includes(words.join(' ')) ? 1 : 2;
    scored.push({ model, score });
  }
  return scored.sort((a, b) => a.score - b.score).map((entry) => entry.model);
}
