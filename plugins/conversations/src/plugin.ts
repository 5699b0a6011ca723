import { definePlugin, type Host } from '@sluice/plugin-api';
import { invite, markRead, setTitle } from './bots/manage.js';
import { messageTrigger } from './bots/message-trigger.js';
import { open } from './bots/open.js';
import { post } from './bots/post.js';
import { connection, type Config } from './config.js';
import type { Conversations } from './conversations.js';

/** Each call is a transaction of a few milliseconds; more calls at once would only wait for the pool. */
const CALLS_AT_ONCE = 8;

export const plugin = definePlugin({
  name: 'conversations',
  api: '^1',
  connection,
  serves: true,
  uses: { desktops: 'required' },
  // imported here because pg and OpenAPI are many modules, which `sluice lint` does not need
  open: async (config: Config, host: Host): Promise<Conversations> =>
    (await import('./conversations.js')).Conversations.open(config, host),
  check: (conversations: Conversations) => conversations.check(),
  diagnose: async (conversations: Conversations) => {
    await conversations.searchIndex.diagnose();
    return 'can be used';
  },
  maxCalls: () => CALLS_AT_ONCE,
  triggers: { message: messageTrigger },
  actions: { post, open, invite, setTitle, markRead },
  module: { load: async () => (await import('./web/conversations.module.js')).ConversationsModule },
});
