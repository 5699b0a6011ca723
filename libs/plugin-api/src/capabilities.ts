import type { DesktopGateway } from './desktops.js';

/** Capabilities that one plugin provides and others use, by name. */
export interface Capabilities {
  readonly desktops: DesktopGateway;
}

export type CapabilityName = keyof Capabilities;

/** What a workspace without a capability lacks, for error messages. */
export const CAPABILITIES: Readonly<Record<CapabilityName, { readonly title: string; readonly cure: string }>> = {
  desktops: {
    title: 'a gateway to desktop clients',
    cure: "add '@sluice/plugin-tcp-gateway' to plugins, and a connection such as `desktops: { use: tcp-gateway }`, to sluice.yaml",
  },
};

/** Whether a plugin can work without a capability. `required`: a workspace without it does not start. `optional`: it is absent then. */
export type CapabilityUse = 'required' | 'optional';
