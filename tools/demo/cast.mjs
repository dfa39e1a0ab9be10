// Who is in the demo, and what they ask today.

export const managementKey = 'sk-or-v1-management-demo-0000000000000000000000000000000000000000';
export const password = 'demo-password';
export const provider = { email: 'provider@demo.example', role: 'provider', name: 'Provider' };

/** Two clients; the first of their people is the first administrator. */
export const company = [
  {
    name: 'Łódzkie Zakłady Ślusarskie',
    limit: 120,
    markup: '1.3',
    timezone: 'Europe/Warsaw',
    people: [
      { email: 'zofia@lzs.example', role: 'admin', name: 'Zofia Wójcik' },
      { email: 'michal@lzs.example', role: 'user', name: 'Michał Żółkiewski' },
      { email: 'agnieszka@lzs.example', role: 'user', name: 'Agnieszka Dąbrowska' },
      { email: 'piotr@lzs.example', role: 'user', name: 'Piotr Lewandowski' },
      { email: 'kasia@lzs.example', role: 'user', name: 'Katarzyna Gęś' },
      { email: 'nowy@lzs.example', role: 'pending', name: 'Łukasz Nowy' },
    ],
  },
  {
    name: 'Company ABC',
    limit: 500,
    markup: '1.3',
    timezone: 'Europe/London',
    people: [
      { email: 'alice@abc.example', role: 'admin', name: 'Alice Harper' },
      { email: 'ben@abc.example', role: 'user', name: 'Ben Okafor' },
      { email: 'chloe@abc.example', role: 'user', name: 'Chloe Martin' },
    ],
  },
];

export const questions = [
  { model: 'anthropic/claude-sonnet-4.6', content: 'Summarize the advantages of a single gateway for all model calls.' },
  { model: 'openai/gpt-5.2', content: 'Compare three phones for field engineers.' },
  { model: 'google/gemini-2.5-flash', content: 'Napisz krótkie podziękowanie dla klienta za terminową płatność.' },
  { model: 'openai/gpt-5-mini', content: 'Explain the difference between net and gross amounts in two sentences.' },
  { model: 'anthropic/claude-haiku-4.5', content: 'Zaproponuj trzy tytuły artykułu o oszczędzaniu energii w warsztacie.' },
  { model: 'openai/gpt-4o-mini', content: 'Translate to Polish: The invoice is due within fourteen days.' },
  { model: 'anthropic/claude-sonnet-4.6', content: 'Write a checklist for onboarding a new colleague.' },
];
