import { MemoryMailbox } from './support/memory-mailbox.js';
import { mailboxSuite } from './support/mailbox-suite.js';

mailboxSuite('memory', async () => {
  let skew = () => 0;
  const shared = new MemoryMailbox(() => Date.now() + skew());
  return {
    open: async (now) => {
      if (now) skew = () => now() - Date.now();
      return shared;
    },
    close: async () => undefined,
  };
});
