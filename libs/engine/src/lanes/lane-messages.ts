import type { EventAttributes, EventMessage } from '@sluice/plugin-api';
import { z } from 'zod';
import { queues, type Outgoing } from '../ports/bus.js';
import type { LaneRun } from '../ports/lanes.js';

const RELEASED_TYPE = 'sluice.lane.released';
/** Key of `attributes.meta` under which the lane of a run travels beside its state, or the lane that an edited replay inherits. */
const META = 'lane';
/** Bytes of the length in front of the attributes. */
const LENGTH_BYTES = 4;

const LANE_RUN = z.object({ key: z.string(), run: z.string().min(1), epoch: z.int().min(0) });

/**
 * Returns the message that reports the end of a run to the owner of its lane. It is published with the other outputs of the last hop.
 *
 * @param now milliseconds since 1970
 */
export function releasedMessage(flow: string, { key, run, epoch }: LaneRun, now: number): Outgoing {
  const attributes = {
    id: `${run}/${epoch}/released`,
    source: `/flows/${flow}`,
    type: RELEASED_TYPE,
    time: new Date(now).toISOString(),
    datacontenttype: 'application/json',
  };
  return { queue: queues.lane(flow), message: { attributes, body: Buffer.from(JSON.stringify({ key, run, epoch })) } };
}

/** Returns whether the message reports the end of a run. */
export function isReleased({ attributes }: EventMessage): boolean {
  return attributes.type === RELEASED_TYPE;
}

/** Returns the run whose end the message reports; undefined when the message cannot be read. */
export function readReleased({ body }: EventMessage): LaneRun | undefined {
  try {
    return LANE_RUN.safeParse(JSON.parse(body.toString())).data;
  } catch {
    return undefined;
  }
}

/** Returns the lane that is written beside the state of a run, or that an edited replay inherits. */
export function laneBeside({ meta }: Pick<EventAttributes, 'meta'>): LaneRun | undefined {
  return meta?.[META] === undefined ? undefined : LANE_RUN.safeParse(meta[META]).data;
}

/** Returns the part of `attributes.meta` with a lane. */
export function metaOfLane({ key, run, epoch }: LaneRun): Readonly<Record<string, unknown>> {
  return { [META]: { key, run, epoch } };
}

/** Returns the attributes without a lane, as expressions of a flow read them. */
export function withoutLane(attributes: EventAttributes): EventAttributes {
  const { [META]: _lane, ...meta } = attributes.meta ?? {};
  const { meta: _meta, ...others } = attributes;
  return Object.keys(meta).length === 0 ? others : { ...others, meta };
}

/** Encodes a message for the store: the length of its attributes (4 bytes, big-endian), the attributes as JSON, and the body. */
export function encodeMessage({ attributes, body }: EventMessage): Buffer {
  const json = Buffer.from(JSON.stringify(attributes));
  const length = Buffer.allocUnsafe(LENGTH_BYTES);
  length.writeUInt32BE(json.length);
  return Buffer.concat([length, json, body]);
}

/** Reads a message that {@link encodeMessage} has written. */
export function decodeMessage(bytes: Buffer): EventMessage {
  const end = LENGTH_BYTES + bytes.readUInt32BE(0);
  return { attributes: JSON.parse(bytes.toString('utf8', LENGTH_BYTES, end)) as EventAttributes, body: bytes.subarray(end) };
}
