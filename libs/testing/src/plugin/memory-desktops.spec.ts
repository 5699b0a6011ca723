import { desktopGatewayConformance, MemoryDesktops } from '@sluice/testing';

desktopGatewayConformance('memory', async () => {
  const desktops = new MemoryDesktops();
  return {
    open: async () => {
      const gateway = desktops.host();
      return { gateway, connect: (sub, options) => gateway.connect(sub, options) };
    },
    close: async () => undefined,
  };
});
