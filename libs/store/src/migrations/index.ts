import { CreateStore1764000000000 } from './1764000000000-create-store.js';
import { AddRevocations1796000000000 } from './1796000000000-add-revocations.js';
import { CountParkedBytes1796100000000 } from './1796100000000-count-parked-bytes.js';
import { AddAudit1796200000000 } from './1796200000000-add-audit.js';
import { AddRevisions1796300000000 } from './1796300000000-add-revisions.js';
import { AddNotes1796349000000 } from './1796349000000-add-notes.js';
import { AddSchedules1796400000000 } from './1796400000000-add-schedules.js';
import { AddLanes1796450000000 } from './1796450000000-add-lanes.js';
import { AddForks1796450000000 } from './1796450000000-add-forks.js';
import { AddRecords1796500000000 } from './1796500000000-add-records.js';
import { AddReplayEpochs1796505000000 } from './1796505000000-add-replay-epochs.js';
import { AddBoundRevisions1796510000000 } from './1796510000000-add-bound-revisions.js';
import { AddBatchedTurns1796520000000 } from './1796520000000-add-batched-turns.js';

/** All migrations, in order. */
export const MIGRATIONS = [
  CreateStore1764000000000,
  AddRevocations1796000000000,
  CountParkedBytes1796100000000,
  AddAudit1796200000000,
  AddRevisions1796300000000,
  AddNotes1796349000000,
  AddSchedules1796400000000,
  AddLanes1796450000000,
  AddForks1796450000000,
  AddRecords1796500000000,
  AddReplayEpochs1796505000000,
  AddBoundRevisions1796510000000,
  AddBatchedTurns1796520000000,
];
