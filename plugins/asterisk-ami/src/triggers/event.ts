import { trigger } from '@sluice/plugin-api';
import { z } from 'zod';
import type { AmiClient } from '../client.js';
import { timeOf, untilStopped } from './listening.js';
import { knownText, textOf } from '../ami/packet.js';

const eventName = z.string().regex(/^(\*|[A-Za-z0-9]+)$/, 'the name of an event such as DialBegin, or *');
const variableName = z.string().regex(/^[\w().-]+$/, 'the name of a channel variable');

/**
 * Fields of the most frequent events of Asterisk 16 to 22. Other fields exist and differ between versions, so lint reports an unknown name
 * only when it is similar to one of these.
 */
const FIELDS =
  `Event Privilege Timestamp SystemName Uniqueid Linkedid Channel ChannelState ChannelStateDesc CallerIDNum CallerIDName ConnectedLineNum
  ConnectedLineName Language AccountCode Context Exten Priority DestUniqueid DestLinkedid DestChannel DestChannelState DestChannelStateDesc
  DestCallerIDNum DestCallerIDName DestConnectedLineNum DestConnectedLineName DestLanguage DestAccountCode DestContext DestExten DestPriority
  DialString DialStatus Forward Cause Variable Value Application AppData BridgeUniqueid BridgeType BridgeTechnology BridgeCreator BridgeName
  BridgeNumChannels Queue Position Count Interface MemberName Membership Penalty CallsTaken LastCall LastPause InCall Status Paused PausedReason
  Ringinuse HoldTime RingTime TalkTime Reason OriginalPosition Abandon Digit Direction DurationMs Begin End Hint State Device Peer PeerStatus
  ChannelType Address EndpointName AOR URI ContactStatus UserEvent ParkeeChannel ParkerDialString ParkingLot ParkingSpace ParkingTimeout
  TransfererChannel TransfereeChannel TransferTargetChannel Result IsExternal MusicClass Mailbox Waiting New Old`.split(/\s+/);

/** Reports events of the exchange unchanged. */
export const event = trigger({
  title: 'An event of Asterisk',
  source: 'live',
  exclusive: true,
  options: z.strictObject({
    events: z.array(eventName).min(1).describe('names of events, as Asterisk writes them; `*`: all events'),
    variables: z
      .array(variableName)
      .min(1)
      .optional()
      .describe('for `VarSet` only these channel variables, without `_` before the name'),
    match: z
      .record(z.string().regex(/^[\w-]+$/), z.string())
      .optional()
      .describe('only events whose fields have these texts; `*` stands for any characters'),
  }),
  output: z.looseObject(Object.fromEntries(FIELDS.map((name) => [name, z.unknown().optional()]))).meta({ namesOnly: true }),
  async subscribe(client: AmiClient, options, accept, signal) {
    const { host } = client;
    await client.requireEvents(options.events);
    const end = await client.listen(options, {
      hear: (packet) => {
        const call = knownText(packet, 'Linkedid') ?? knownText(packet, 'DestLinkedid');
        accept({
          data: packet,
          time: timeOf(packet, host),
          ...(call !== undefined && { subject: call, partitionkey: call }),
        }).catch((error: unknown) =>
          host.log.error(`an event ${textOf(packet, 'Event')} was lost: it could not be stored`, { error: String(error) }),
        );
      },
    });
    try {
      await untilStopped(client, signal);
    } finally {
      end();
    }
  },
});
