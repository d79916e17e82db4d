import { Controller, Get } from '@nestjs/common';
import { AccessTokenClaims, Auth, CurrentUser, Public } from 'nestjs-jwt-rs256';

const orders = [
  { id: 1, owner: 'alice', item: 'apples' },
  { id: 2, owner: 'bob', item: 'bread' },
  { id: 3, owner: 'alice', item: 'cheese' },
];

/** Guarded as a whole; two routes say otherwise. */
@Controller('orders')
@Auth()
export class OrdersController {
  @Get()
  mine(@CurrentUser('sub') owner: string) {
    return orders.filter((order) => order.owner === owner);
  }

  /** Open: nobody looks at the token, if there is one. */
  @Public()
  @Get('prices')
  prices() {
    return { apples: 3, bread: 2, cheese: 5 };
  }

  /** Open too, and it knows who sent a token. A bad token is refused here as well. */
  @Auth({ optional: true })
  @Get('hello')
  hello(@CurrentUser() user?: AccessTokenClaims) {
    return { hello: user?.sub ?? 'stranger' };
  }
}
