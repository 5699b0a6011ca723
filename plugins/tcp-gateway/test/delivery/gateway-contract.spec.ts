import { desktopGatewayConformance, FakeWorkspace } from '@sluice/testing';
import { gatewayHarness } from './support/gateway-harness.js';
import { MemoryMailbox } from './support/memory-mailbox.js';

desktopGatewayConformance('tcp-gateway on a mailbox in memory', async () => {
  const mailbox = new MemoryMailbox();
  return gatewayHarness(new FakeWorkspace(), async () => mailbox);
});
