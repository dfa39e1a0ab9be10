// What an amount must look like on a page, from exact amounts.

import { billedOf } from '../../lib/world.mjs';
import { pico } from '../../lib/sim.mjs';

const format = (digits) =>
  new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Two decimals, six where two would hide a small amount. @param {bigint} amount in 1e-12 USD */
export function shown(amount) {
  const usd = Number(amount) / 1e12;
  return format(amount !== 0n && usd < 0.01 ? 6 : 2).format(usd);
}

/** The billed amount of rows of the simulator's bill: each row rounded once. */
export function billed(rows, markupPpm = 1_300_000) {
  return rows.reduce((sum, row) => sum + billedOf(pico(row.cost), markupPpm), 0n);
}
