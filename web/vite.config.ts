/* Builds the single-page application into dist/: hashed files under assets/ (cached for ever), everything
 * else by name. Nothing is inlined, because the content policy refuses inline scripts and styles. */
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const server = process.env['MAI_SERVER'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [svelte()],
  resolve: {
    alias: { $lib: fileURLToPath(new URL('./src/lib', import.meta.url)) },
    /* Component and rune modules under test run in the browser build of Svelte. */
    conditions: process.env['VITEST'] ? ['browser'] : undefined,
  },
  build: {
    target: ['chrome111', 'firefox114', 'safari16.4'],
    assetsInlineLimit: 0,
    cssCodeSplit: true,
    manifest: 'assets/manifest.json',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: { proxy: { '/api': server, '/openai': server, '/health': server } },
  test: { include: ['tests/**/*.test.ts'], environment: 'node' },
});
