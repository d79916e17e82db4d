import { Module } from '@nestjs/common';
import { JwtRs256Module } from 'nestjs-jwt-rs256';
import { AuthController } from './auth.controller.js';
import { privateKeyFile, publicKeyFile } from './ensure-keys.js';
import { OrdersController } from './orders.controller.js';

@Module({
  imports: [
    JwtRs256Module.forRoot({
      privateKey: { file: privateKeyFile },
      publicKey: { file: publicKeyFile },
      issuer: 'https://auth.example.com',
      audience: 'orders',
      realm: 'orders',
    }),
  ],
  controllers: [AuthController, OrdersController],
})
export class AppModule {}
