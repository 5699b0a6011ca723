import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/**
 * Passes the error of a handler on unchanged. Without it NestJS replaces every error by `{ status: 'error', message: 'Internal server
 * error' }` and drops the fate, which decides about a retry. For the microservice only: on HTTP it would break the error responses.
 */
@Catch()
export class RpcPassThroughFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): Observable<never> {
    if (host.getType() !== 'rpc') throw error;
    return throwError(() => error);
  }
}
