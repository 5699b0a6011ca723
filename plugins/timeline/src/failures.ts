import { CAPABILITIES, fail, failures } from '@sluice/plugin-api';

/** Reasons for refusing a change. The calendar is then unchanged. */
export const timelineFail = failures({
  TIMELINE_OVERLAP: {
    fate: 'rejected',
    cure: 'choose another time or another resource: `details.entry` is the existing entry',
  },
  TIMELINE_VERSION: { fate: 'rejected', cure: 'read the current entry in `details.entry` and change that' },
  TIMELINE_MISSING: { fate: 'rejected', cure: 'check the id of the entry or the code of the resource' },
  TIMELINE_GATEWAY: { fate: 'fatal', cure: `${CAPABILITIES.desktops.cure}, or delete the option gateway of the calendar` },
  TIMELINE_INVALID: { fate: 'rejected', cure: 'correct the data' },
});

/**
 * The error of an action that was aborted. The database continues and may succeed, which is harmless because every action can be repeated.
 */
export const databaseLate = () => fail.TIMED_OUT('the action was aborted before the database answered');
