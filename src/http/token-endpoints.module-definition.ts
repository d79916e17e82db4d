import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { TokenEndpointsOptions } from './endpoint-options.js';

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<TokenEndpointsOptions>({ moduleName: 'TokenEndpoints' })
    .setClassMethodName('forRoot')
    .build();
