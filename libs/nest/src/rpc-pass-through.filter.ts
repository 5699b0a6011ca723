import { Catch, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';

/**
 * Lets a handler's error through as it is. Without it NestJS replaces every error by `{ status: 'error', message: 'Internal server error' }`,
 * and the fate that decides about a retry is gone. For the microservice only: on HTTP it would spoil the answers.
 */
@Catch()
export class RpcPassThroughFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): Observable<never> {
    if (host.getType() !== 'rpc') throw error;
    return throwError(() => error);
  }
}
