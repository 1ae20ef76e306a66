/** An exchange without a client behind it, for stations that only hold and pass exchanges on. */
import { Exchange } from "../../proxy/request/exchange.ts";

export class StillExchange extends Exchange {
  readonly replayable = true;
  readonly requestComplete = true;
  readonly answers: number[] = [];

  constructor(path = "/") {
    super();
    this.path = path;
  }

  requestField(): undefined {
    return undefined;
  }
  answer(status: number): void {
    this.answers.push(status);
  }
  flush(): boolean {
    return true;
  }
  tunnel(): boolean {
    return true;
  }
  writeForwardedHead(): void {}
  startBody(): void {}
  resumeRequestBody(): void {}
  inform(): void {}
  sendContinue(): void {}
  respond(): void {}
  body(): void {}
  end(): void {}
  switchProtocols(): void {}
  endTunnel(): void {}
  closeTunnel(): void {}
  abort(): void {}
}
