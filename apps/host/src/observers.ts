import type { Observer } from '@sluice/engine';

/** Combines several observers into one. */
export function observeAll(observers: readonly Observer[]): Observer {
  return {
    accepted: (event, ms) => observers.forEach((one) => one.accepted(event, ms)),
    unrouted: (event) => observers.forEach((one) => one.unrouted(event)),
    hop: (flow, ms, outcome) => {
      for (const one of observers) one.hop(flow, ms, outcome);
    },
    unwanted: (flow) => observers.forEach((one) => one.unwanted(flow)),
    filtered: (flow) => observers.forEach((one) => one.filtered(flow)),
    called: (call) => observers.forEach((one) => one.called(call)),
    parked: (flow, error, event) => observers.forEach((one) => one.parked(flow, error, event)),
  };
}
