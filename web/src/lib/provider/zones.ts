/* Time zones the browser knows, UTC first. */
export function timeZones(): string[] {
  const all = typeof Intl.supportedValuesOf === 'function' ? Intl.supportedValuesOf('timeZone') : ['Europe/Warsaw'];
  return ['UTC', ...all.filter((zone) => zone !== 'UTC')];
}
