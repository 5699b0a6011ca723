import { describe, expect, it } from '@jest/globals';
import { BadRequestException, ForbiddenException, InternalServerErrorException } from '@nestjs/common';
import { hostFail } from '../failures.js';
import { problemOf } from './problem.js';

describe('errors as HTTP answers', () => {
  it('contain code, message and cure', () => {
    expect(problemOf(hostFail.FORBIDDEN('no'))).toMatchObject({
      status: 403,
      body: { code: 'FORBIDDEN', message: 'no', cure: expect.stringContaining('scope') },
    });
  });

  it('have the same format for errors of NestJS', () => {
    expect(problemOf(new BadRequestException(['limit: too big', 'flow: no text']))).toEqual({
      status: 400,
      headers: {},
      body: { code: 'INPUT_INVALID', message: 'limit: too big; flow: no text', cure: expect.stringContaining('/api/docs') },
    });
    expect(problemOf(new ForbiddenException('not yours'))).toMatchObject({ status: 403, body: { message: 'not yours' } });
  });

  it('have the same format for errors of Fastify', () => {
    const error = Object.assign(new Error('Request body is too large'), { statusCode: 413 });
    expect(problemOf(error)).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } });
  });

  it.each([new TypeError('x is undefined'), new InternalServerErrorException('select * from secret'), 'a text'])(
    'hides the details of an inner failure: %s',
    (error) => {
      expect(problemOf(error)).toEqual({
        status: 500,
        headers: {},
        body: { code: 'INTERNAL', message: 'the request failed inside the host: its log contains the reason' },
      });
    },
  );
});
