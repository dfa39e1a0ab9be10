/* Shapes of the server's answers (docs/openapi.yaml). Times are Unix seconds, money is USD. */

export type Role = 'provider' | 'admin' | 'user' | 'pending';
export type UpstreamState = 'ok' | 'away' | 'unknown';

export interface Config {
  onboarding: boolean;
  status: boolean;
  name: string;
  version: string;
  default_locale: string;
  features: { auth: boolean; enable_signup: boolean; enable_login_form: boolean; enable_api_key: boolean };
  upstream: { state: UpstreamState; since: number | null };
}

export interface OwnOrganization {
  id: string;
  name: string;
  timezone: string;
  currency: string;
  api_access: boolean;
  is_disabled: boolean;
  has_key: boolean;
}

export interface Session {
  token: string;
  expires_at: number;
  id: string;
  email: string;
  name: string;
  role: Role;
  profile_image_url: string | null;
  must_change_password: boolean;
  locale: string | null;
  organization: OwnOrganization | null;
  permissions: { chat: boolean; usage: 'organization' | 'own' | 'provider'; admin: boolean };
}

export interface WebSession {
  id: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
  user_agent: string;
  address: string;
  is_current: boolean;
}

export interface ApiKey {
  id: string;
  name: string;
  last4: string;
  created_at: number;
  last_used_at: number | null;
}

export interface User {
  id: string;
  name: string;
  email: string;
  role: Role;
  profile_image_url: string | null;
  is_disabled: boolean;
  must_change_password: boolean;
  external_user_state: 'assigned' | 'learned';
  last_active_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface Invitation {
  id: string;
  email: string | null;
  role: Role;
  created_at: number;
  expires_at: number;
  used_at: number | null;
}

export type KeyState =
  | 'none'
  | 'checking'
  | 'verified'
  | 'refused'
  | 'unreachable'
  | 'belongs to another organization'
  | 'waiting for approval';

export interface ConnectionKey {
  state: KeyState;
  reason: string | null;
  last4: string | null;
  checked_at: number | null;
  label: string | null;
  name: string | null;
  limit: number | null;
  limit_remaining: number | null;
  limit_reset: string | null;
  previous: { last4: string; state: KeyState } | null;
}

export interface Connections {
  ENABLE_OPENAI_API: boolean;
  OPENAI_API_BASE_URLS: string[];
  OPENAI_API_KEYS: string[];
  OPENAI_API_CONFIGS: Record<string, { enable?: boolean }>;
  KEYS: ConnectionKey[];
}

export interface Model {
  id: string;
  name: string;
  owned_by: string;
  created: number;
  description: string | null;
  context_length: number | null;
  max_completion_tokens: number | null;
  pricing: { prompt: string | null; completion: string | null };
  is_free: boolean;
  is_embedding: boolean;
  capabilities: { vision: boolean; files: boolean; reasoning: boolean; tools: boolean; image_output: boolean };
}

export interface ModelList {
  data: Model[];
  fetched_at: number | null;
}

export interface TokenUsage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  cost?: number | null;
}

export interface Message {
  id: string;
  parentId: string | null;
  childrenIds: string[];
  role: 'user' | 'assistant' | 'system';
  content: string;
  reasoning?: string;
  timestamp: number;
  model?: string;
  done?: boolean;
  error?: { content: string } | null;
  stopped?: boolean;
  usage?: TokenUsage;
}

export interface History {
  currentId: string | null;
  messages: Record<string, Message>;
}

export interface Chat {
  id: string;
  title: string;
  chat: { title: string; models: string[]; history: History };
  updated_at: number;
  created_at: number;
  archived: boolean;
  pinned: boolean;
}

export interface ChatRow {
  id: string;
  title: string;
  updated_at: number;
  created_at: number;
  pinned: boolean;
  archived: boolean;
  snippet?: string;
}

export interface UsageToday {
  tokens: number;
  cost: number;
  requests: number;
  last_updated: string;
}

export interface UsageMonth {
  tokens: number;
  cost: number;
  requests: number;
  days_active: number;
}

export interface UsageDay {
  date: string;
  tokens: number;
  cost: number;
  requests: number;
}

export interface UsageStats {
  client_org_name: string;
  timezone: string;
  currency: string;
  scope: 'organization' | 'own';
  today: UsageToday;
  this_month: UsageMonth;
  daily_average: { cost: number; tokens: number };
  monthly_limit: number | null;
  monthly_remaining: number | null;
  resets_at: number | null;
  daily_history: UsageDay[];
}

export interface UserUsage {
  user_id: string;
  user_name: string;
  user_email: string;
  openrouter_user_id: string;
  total_tokens: number;
  total_requests: number;
  markup_cost: number;
  raw_cost?: number;
  days_active: number;
}

export interface ModelUsage {
  model_name: string;
  provider: string;
  total_tokens: number;
  total_requests: number;
  markup_cost: number;
  raw_cost?: number;
  days_used: number;
}

export interface ClientPeriod {
  requests: number;
  tokens: number;
  raw_cost: number;
  billed: number;
  margin: number;
}

export interface Client {
  id: string;
  name: string;
  openrouter_key_hash: string | null;
  key_last4: string | null;
  key_state: KeyState;
  markup_rate: number;
  monthly_limit: number | null;
  limit_source: string;
  openrouter_limit: number | null;
  timezone: string;
  currency: string;
  api_access: boolean;
  is_active: boolean;
  billing_email: string | null;
  people: number;
  usage: { month: ClientPeriod; today: ClientPeriod };
  last_seen_at: number | null;
  created_at: number;
  updated_at: number;
}

export interface ProviderSettings {
  has_provisioning_key: boolean;
  openrouter_provisioning_key_last4: string | null;
  default_markup_rate: number;
  billing_currency: string;
}

export interface NewClient {
  name: string;
  markup_rate?: number;
  monthly_limit?: number;
  limit_reset?: string;
  timezone?: string;
  admin_email?: string;
  admin_name?: string;
}

export interface CreatedClient {
  message: string;
  client: Client;
  api_key: string;
  admin?: { email: string; one_time_password: string };
}

export interface System {
  version: string;
  upstream: { state: UpstreamState; since: number | null };
  credits: { total: number; used: number; remaining: number } | null;
  storage: { bytes: number };
}

/* What the person's event stream brings. */
export type PersonEvent =
  | { type: 'usage'; stats: { today: UsageToday; this_month: UsageMonth } }
  | { type: 'chat:title'; chat_id: string; title: string }
  | { type: 'chat:started'; chat_id: string; message_id?: string }
  | { type: 'chat:done'; chat_id: string; message_id: string }
  | { type: 'connection'; state: KeyState; reason: string | null }
  | { type: 'upstream'; state: UpstreamState }
  | { type: 'session:ended' };

/* What joining a running chat brings. */
export type LiveEvent =
  | { type: 'snapshot'; message: Message }
  | { type: 'delta'; id: string; content?: string; reasoning?: string }
  | { type: 'done'; message: Message };
