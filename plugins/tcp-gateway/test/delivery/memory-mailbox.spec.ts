import { MemoryMailbox } from './support/memory-mailbox.js';
import { mailboxSuite } from './support/mailbox-suite.js';

mailboxSuite('memory', async () => {
  const shared = new MemoryMailbox();
  return {
    open: async (now) => new MemoryMailbox(now, shared),
    close: async () => undefined,
  };
});
