import { mount } from 'svelte';
import './styles/app.css';
import App from './App.svelte';
import { firstLocale, setLocale } from '$lib/i18n/index.svelte';
import { startRouter } from '$lib/router/router.svelte';
import { session } from '$lib/session/session.svelte';
import '$lib/theme/theme.svelte';

async function start(): Promise<void> {
  const starting = session.start();
  await setLocale(firstLocale(), false);
  startRouter();
  mount(App, { target: document.getElementById('app')! });
  await starting;
}

void start();
