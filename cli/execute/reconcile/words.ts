/** What is about to be done → the question that a person answers: what goes, what restarts, what is interrupted. */
import { type Difference, doing } from "./difference.ts";

export function questionAbout(differences: readonly Difference[]): string {
  const sentences = [
    sentence("This removes", [
      ...doing(differences, "remove-route").map((one) => `the route ${placed(one)}`),
      ...doing(differences, "remove-containers").map((one) => `the containers of ${placed(one)}`),
      ...doing(differences, "remove-accessory").map((one) => `the accessory ${placed(one)}`),
      ...doing(differences, "remove-files").map((one) => `unused files of ${placed(one)}`),
      ...doing(differences, "leave-host").map(({ subject }) => `all that is left of the app on ${subject}`),
    ]),
    sentence("It stops", doing(differences, "stop-container").map(placed)),
    sentence("It starts", [
      ...doing(differences, "boot-proxy").map(placed),
      ...doing(differences, "boot-accessory").map(placed),
    ]),
    sentence(
      "It boots, without a lost request,",
      doing(differences, "boot").map(({ action, host }) => `${action.role} ${action.version} on ${host}`),
    ),
    sentence("It renews the route", [
      ...doing(differences, "route").map(placed),
      ...doing(differences, "route-accessory").map(placed),
    ]),
    sentence("These accessories restart:", doing(differences, "reboot-accessory").map(placed)),
    sentence("Requests are interrupted, while it is replaced, by", doing(differences, "reboot-proxy").map(placed)),
    sentence(
      "It forgets",
      doing(differences, "forget-host").map(({ subject }) => subject),
    ),
  ];
  return `${sentences.filter((one) => one !== "").join(" ")} Are you sure?`;
}

function placed({ host, subject }: Difference): string {
  return host === undefined ? subject : `${subject} on ${host}`;
}

function sentence(begin: string, all: readonly string[]): string {
  return all.length === 0 ? "" : `${begin} ${all.join(", ")}.`;
}
