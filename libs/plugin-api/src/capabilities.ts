import type { DesktopGateway } from './desktops.js';

/** Capabilities that one plugin provides and others use, by name. */
export interface Capabilities {
  readonly desktops: DesktopGateway;
}

export type CapabilityName = keyof Capabilities;

/** For error messages of a workspace without the capability: a title of the missing thing, and the cure. */
export const CAPABILITIES: Readonly<Record<CapabilityName, { readonly title: string; readonly cure: string }>> = {
  desktops: {
    title: 'a gateway to desktop clients',
    cure: "add '@sluice/plugin-tcp-gateway' to plugins, and a connection such as `desktops: { use: tcp-gateway }`, to sluice.yaml",
  },
};

/** Whether a plugin can work without a capability. `required`: a workspace without it does not start. `optional`: it is absent then. */
export type CapabilityUse = 'required' | 'optional';
