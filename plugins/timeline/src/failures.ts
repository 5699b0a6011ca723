import { fail, failures } from '@sluice/plugin-api';

/** Why a change of the journal is refused. The journal is as it was then. */
export const timelineFail = failures({
  TIMELINE_OVERLAP: {
    fate: 'rejected',
    cure: 'choose another time or another resource: `details.entry` is the one that is there',
  },
  TIMELINE_VERSION: { fate: 'rejected', cure: 'look at the entry as it is now, `details.entry`, and change that' },
  TIMELINE_MISSING: { fate: 'rejected', cure: 'check the id of the entry or the code of the resource' },
  TIMELINE_INVALID: { fate: 'rejected', cure: 'correct the data' },
});

/** The database ends the work by itself, perhaps with success: every action can be repeated. */
export const databaseLate = () => fail.TIMED_OUT('given up before the database answered');
