import { mount } from 'svelte';
import './styles/app.css';
import App from './App.svelte';
import { firstLocale, setLocale } from '$lib/i18n/index.svelte';
import { startRouter } from '$lib/router/router.svelte';
import { session, wasSignedIn } from '$lib/session/session.svelte';
import '$lib/theme/theme.svelte';

/* Whoever was signed in here most likely still is: fetch the chat's code while the server is asked. */
function fetchAhead(): void {
  const is_chat = location.pathname === '/' || location.pathname.startsWith('/c/');
  if (is_chat && wasSignedIn()) void import('$lib/chat/ChatApp.svelte');
}

async function start(): Promise<void> {
  const starting = session.start();
  fetchAhead();
  await setLocale(firstLocale(), false);
  startRouter();
  mount(App, { target: document.getElementById('app')! });
  await starting;
}

void start();
