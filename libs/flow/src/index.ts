/**
 * The YAML language of flows: parser, lint with positions, expressions, JSON Schemas. Reads no file and no environment variable itself.
 * Begin to read at `model.ts`.
 */
export type {
  CalendarWindow,
  CallStep,
  Condition,
  ConnectionSpec,
  Deliver,
  EmitStep,
  EvaluationContext,
  Finding,
  Flow,
  JournalMode,
  FlowOrigin,
  FlowTrigger,
  ForEachStep,
  Issuer,
  OnError,
  OnFailure,
  PaceConfig,
  SourceLocation,
  SourceRange,
  Priority,
  RaiseStep,
  Rate,
  ReplyStep,
  RetryPolicy,
  RunOutcome,
  Scope,
  SetStep,
  Settings,
  SourceFile,
  Step,
  StopStep,
  SwitchStep,
  Template,
  TextEdit,
  TextTemplate,
  TriggerSource,
  TryStep,
  UseStep,
  Workspace,
} from './model.js';
export type { Expectation, FlowTest, StepMock, TestEvent } from './flow-tests.js';
export { documentTexts } from './compile/flow-files.js';
export { isTestFile } from './compile/test-files.js';
export { MAX_NOTE_LENGTH } from './model.js';
export { FINDING_CODES, type FindingCode, type FindingRow } from './codes.js';
export { WorkspaceChecker, type CheckedWorkspace } from './compile/check-workspace.js';
export { compileWorkspace, type WorkspaceInput, type WorkspaceResult } from './compile/compile-workspace.js';
export { compileRevision, type EarlierRevision, type RevisionResult } from './compile/compile-revision.js';
export { parseWorkspaceFile, type WorkspaceFile } from './compile/workspace-file.js';
export {
  completeExpression,
  explainMissing,
  isIncomplete,
  readValues,
  tryExpression,
  withTimeBudget,
  type Completion,
  type ExpressionProblem,
  type ExpressionTrial,
  type MissingPath,
  type ReadValue,
} from './expression/index.js';
export { checkRemotes, type RemoteCheckInput } from './lint/remote-checks.js';
export { describeGraph, type GraphInput } from './graph/describe-graph.js';
export type { GraphEdge, GraphFinding, GraphNode, WorkspaceGraph } from './graph/workspace-graph.js';
export { CronSchedule, cronProblem } from './schedule/cron-schedule.js';
export { jsonSchemas } from './schema.js';
export { applyFixes, type FixedText } from './fixes.js';
export { stepsIn } from './steps-in.js';
export { writeYaml } from './yaml/write-yaml.js';
export { formatFinding, formatFindings } from './format.js';
export { namesListed, nearest } from './nearest.js';
export { analyseFile, visibleInWorkspaceFile, type AnalysisInput, type FileAnalysis } from './analysis/analyse-file.js';
export { cursorInExpression, functionUnder, pathUnder, type ExpressionCursor } from './analysis/cursor.js';
export {
  isSameThing,
  mentionsOf,
  mentionsOfWorkspace,
  type FileMentions,
  type FlowDocument,
  type FlowNames,
  type Mention,
  type MentionKind,
  type TestPlace,
} from './analysis/mentions.js';
export { describePath, namesAfter, ROOT_DETAILS, type VisibleName } from './analysis/visible-names.js';
export { FUNCTION_DESCRIPTIONS, type FunctionDescription } from './expression/functions/descriptions.js';
export { stepIdProblem } from './grammar/read-names.js';
export { keysBeside, VERB_NAMES } from './verbs/index.js';
