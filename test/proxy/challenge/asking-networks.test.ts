import { expect, test } from "vitest";
import { AskingNetworks } from "../../../proxy/challenge/asking-networks.ts";
import { CHALLENGE_LIMITS } from "../../../proxy/limits.ts";

const allowed = (networks: AskingNetworks, addresses: readonly string[]): number =>
  addresses.filter((address) => networks.mayAsk(address)).length;

test.each([
  ["198.51.100.7", "198.51.100.200", "198.51.101.7"],
  ["2001:db8:1:2::7", "2001:db8:1:2:ffff::1", "2001:db8:1:3::7"],
  ["2001:db8::7", "2001:db8:0:0:1::7", "2001:db8:0:1::7"],
  ["::1", "0:0:0:0::2", "0:0:0:1::2"],
])("peerQuestionsPerNetworkAndSecond: %s and %s share a budget, %s has its own", (one, neighbour, stranger) => {
  const networks = new AskingNetworks({ ...CHALLENGE_LIMITS, peerQuestionsPerNetworkAndSecond: 4 });
  expect(allowed(networks, [one, neighbour, one, neighbour])).toBe(4);
  expect(allowed(networks, [one, neighbour])).toBe(0);
  expect(allowed(networks, [stranger])).toBe(1);
});

test("maxAskingNetworks: the network that has been silent longest is forgotten first", () => {
  const networks = new AskingNetworks({
    ...CHALLENGE_LIMITS,
    maxAskingNetworks: 2,
    peerQuestionsPerNetworkAndSecond: 1,
  });
  expect(allowed(networks, ["10.0.1.1", "10.0.2.1", "10.0.1.1", "10.0.3.1"])).toBe(3);
  expect(allowed(networks, ["10.0.1.1"]), "still remembered").toBe(0);
  expect(allowed(networks, ["10.0.2.1"]), "forgotten").toBe(1);
});
