import { Module, type DynamicModule } from '@nestjs/common';
import { AdminController } from './api/admin.controller.js';
import { HealthController } from './api/health.controller.js';
import { HostServices } from './api/host-services.js';

type PluginModule = abstract new (...args: never[]) => unknown;

@Module({})
export class HostModule {
  /** The host's own controllers, and the modules that plugins bring. */
  static with(services: HostServices, plugins: readonly PluginModule[]): DynamicModule {
    return {
      module: HostModule,
      imports: plugins as unknown as NonNullable<DynamicModule['imports']>,
      controllers: [HealthController, AdminController],
      providers: [{ provide: HostServices, useValue: services }],
    };
  }
}
