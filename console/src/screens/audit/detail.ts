import { useTranslation } from "react-i18next";
import { useOfferTitle } from "../../parts/named";
import { type Role, useLabelOfRole } from "../../shell/roles";
import { useLabel } from "../../words";

/** What an entry of the audit log says beside the deed, in people's words. */
export function useDetail(): (of: Record<string, unknown>) => string {
  const { t } = useTranslation("admin");
  const { t: common } = useTranslation();
  const label = useLabel();
  const role = useLabelOfRole();
  const offer = useOfferTitle();

  const word = (name: string, value: unknown): string => {
    if (Array.isArray(value)) return value.map((each) => word(name, each)).join(common("comma"));
    if (typeof value === "object" && value !== null)
      return Object.entries(value)
        .map(([key, each]) => `${key} ${String(each)}`)
        .join(common("comma"));
    const text = String(value);
    switch (name) {
      case "kind":
        return label("followUp", text);
      case "check":
        return label("check", text);
      case "roles":
        return role(text as Role);
      case "compensation":
        return offer(text);
      case "passed":
        return t(value ? "audit.passed" : "audit.notPassed");
      default:
        return text;
    }
  };

  return (of) =>
    Object.entries(of)
      .filter(([, value]) => value !== "" && value !== null)
      .map(([name, value]) =>
        common("pair", {
          name: t(`audit.details.${name}` as never, { defaultValue: name }),
          value: word(name, value),
        }),
      )
      .join(" · ") || "—";
}
