/**
 * The actions that this connector sends, each with the write classes of `manager.conf` that allow it; an empty list: every user may send
 * it. Source: `ListCommands` of Asterisk 16.28; `npm run test:real` compares them.
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

/**
 * Names of events by the read class that a user needs to receive them. Source: the field `Privilege` of recorded events;
 * `npm run test:real` compares it with the events of its scenes. Other events exist, and nothing is claimed about them.
 */
const EVENTS: Readonly<Record<string, string>> = {
  call: `Newchannel Newstate Hangup HangupRequest SoftHangupRequest DialBegin DialState DialEnd OriginateResponse NewCallerid NewConnectedLine
    BridgeCreate BridgeEnter BridgeLeave BridgeDestroy BlindTransfer AttendedTransfer LocalBridge Hold Unhold MusicOnHoldStart MusicOnHoldStop
    ParkedCall UnParkedCall DeviceStateChange ExtensionStatus ConfbridgeStart ConfbridgeJoin ConfbridgeLeave ConfbridgeEnd Pickup`,
  dialplan: 'VarSet Newexten',
  agent: `QueueCallerJoin QueueCallerLeave QueueCallerAbandon QueueMemberStatus QueueMemberAdded QueueMemberRemoved QueueMemberPause
    AgentCalled AgentConnect AgentComplete AgentRingNoAnswer`,
  dtmf: 'DTMFBegin DTMFEnd',
  cdr: 'Cdr',
  user: 'UserEvent',
  system: 'FullyBooted PeerStatus ContactStatus Reload',
};

/** The read class by name of event. */
export const READ_CLASSES: ReadonlyMap<string, string> = new Map(
  Object.entries(EVENTS).flatMap(([readClass, names]) => names.split(/\s+/).map((name) => [name, readClass] as const)),
);

/**
 * Returns whether the value of `read` in manager.conf grants a class.
 *
 * Asterisk 16 and 22 compare the names exactly and do not trim them: `system, call` grants `system` only. Each name but the last may be the
 * beginning of a class. Source: `manager show user` of both versions; `ast_instring` in main/manager.c.
 */
export function grants(read: string, readClass: string): boolean {
  const names = read.split(',');
  const last = names.pop();
  return [readClass, 'all'].some((wanted) => last === wanted || names.some((name) => wanted.startsWith(name)));
}

/** Returns the classes without which the user receives none or only some of the events with these names. `*` stands for all events. */
export function missingReadClasses(
  read: string,
  events: readonly string[],
): { readonly missing: readonly string[]; readonly receivesSome: boolean } {
  const needed = events.includes('*') ? Object.keys(EVENTS) : events.map((name) => READ_CLASSES.get(name));
  const isMissing = (readClass: string | undefined) => readClass !== undefined && !grants(read, readClass);
  const missing = [...new Set(needed.filter(isMissing))].flatMap((readClass) => readClass ?? []);
  return { missing, receivesSome: needed.some((readClass) => !isMissing(readClass)) };
}
