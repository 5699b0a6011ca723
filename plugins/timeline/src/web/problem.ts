import { problems } from '@sluice/web-ui/server';

export const { asHttp, shownProblem } = problems({
  TIMELINE_MISSING: 404,
  TIMELINE_VERSION: 409,
  TIMELINE_OVERLAP: 409,
  TIMELINE_INVALID: 400,
});
