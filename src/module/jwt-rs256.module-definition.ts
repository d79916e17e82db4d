import { ConfigurableModuleBuilder } from '@nestjs/common';
import type { JwtRs256ModuleExtras, JwtRs256ModuleOptions } from './options.js';

/** What there is beside the options, with defaults. */
export const DEFAULT_EXTRAS: Required<JwtRs256ModuleExtras> = {
  isGlobal: true,
  globalGuard: false,
  jwks: false,
  metadata: false,
  protectedResource: false,
};

/** The extras, for providers that depend on them. */
export const MODULE_EXTRAS_TOKEN = Symbol('JwtRs256ModuleExtras');

export const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<JwtRs256ModuleOptions>({
    moduleName: 'JwtRs256',
  })
    .setClassMethodName('forRoot')
    .setExtras<JwtRs256ModuleExtras>(DEFAULT_EXTRAS, (definition, extras) => ({
      ...definition,
      global: extras.isGlobal ?? true,
    }))
    .build();
