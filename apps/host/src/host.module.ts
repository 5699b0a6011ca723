import { Module, type DynamicModule } from '@nestjs/common';
import { PluginConnections, type NestModule } from '@sluice/plugin-api';
import { AdminHandlers } from './api/admin-handlers.js';
import { AdminController } from './api/admin.controller.js';
import { HealthController } from './api/health.controller.js';
import { HomeController } from './api/home.controller.js';
import { HostServices } from './api/host-services.js';
import { OpenConnections } from './open-connections.js';

@Module({})
export class HostModule {
  /** Combines the controllers of the host with the modules of plugins, which can inject `PluginConnections`. */
  static with(services: HostServices, plugins: readonly NestModule[]): DynamicModule {
    return {
      module: HostModule,
      global: true,
      imports: plugins as unknown as NonNullable<DynamicModule['imports']>,
      controllers: [HomeController, HealthController, AdminController],
      providers: [
        { provide: HostServices, useValue: services },
        AdminHandlers,
        { provide: PluginConnections, useValue: new OpenConnections(services.engine.connections) },
      ],
      exports: [PluginConnections],
    };
  }
}
