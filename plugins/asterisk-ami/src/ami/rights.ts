/**
 * The actions that this connector sends, each with the write classes of `manager.conf` that allow it; none: every user may send it. As
 * `ListCommands` of Asterisk 16.28 lists them (`npm run test:real` compares).
 */
export const WRITE_CLASSES: Readonly<Record<string, readonly string[]>> = {
  BridgeList: [],
  Challenge: [],
  Command: ['command'],
  CoreShowChannels: ['system', 'reporting'],
  DBDel: ['system'],
  DBDelTree: ['system'],
  DBGet: ['system', 'reporting'],
  DBPut: ['system'],
  Events: [],
  Filter: ['system'],
  Getvar: ['call', 'reporting'],
  Hangup: ['system', 'call'],
  Login: [],
  Logoff: [],
  Originate: ['originate'],
  Ping: [],
  Redirect: ['call'],
  Setvar: ['call'],
};
