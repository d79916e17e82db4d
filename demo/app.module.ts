import { Module } from '@nestjs/common';
import { JwtRs256Module, TokenEndpointsModule } from 'nestjs-jwt-rs256';
import { privateKeyFile, publicKeyFile } from './ensure-keys.js';
import { OrdersController } from './orders.controller.js';
import { PasswordAuthenticator } from './password.authenticator.js';
import { sessionStore } from './session-store.js';

const sessions = await sessionStore();

@Module({
  imports: [
    JwtRs256Module.forRoot({
      privateKey: { file: privateKeyFile },
      publicKey: { file: publicKeyFile },
      issuer: 'https://auth.example.com',
      audience: 'orders',
      realm: 'orders',
      sessions,
    }),
    TokenEndpointsModule.forRoot({
      path: 'auth',
      authenticator: PasswordAuthenticator,
      // The login is at /auth itself, the others below it.
      endpoints: { login: { path: '' }, refresh: true, logout: true, logoutAll: true },
    }),
  ],
  controllers: [OrdersController],
})
export class AppModule {}
