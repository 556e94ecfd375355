import { Alert } from "antd";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";

/** Why the server did not do what was asked: all that is wrong, and what to do. */
export function RefusalAlert({ error, title }: { error: unknown; title?: string }) {
  const { t } = useTranslation();
  if (!error) return null;
  const refusal = error instanceof ApiError ? error : null;
  const several = refusal?.problems.filter((each) => each.message) ?? [];
  return (
    <Alert
      type="error"
      showIcon
      role="alert"
      style={{ marginBottom: 16 }}
      title={title ?? refusal?.message ?? t("failed")}
      description={
        several.length && (several.length > 1 || title) ? (
          <ul className="problems">
            {several.map((each) => (
              <li key={`${each.where}${each.message}`}>
                {each.where && <b>{t("pair", { name: each.where, value: "" })}</b>}
                {each.message}
                {each.hint && <span className="soft"> → {each.hint}</span>}
              </li>
            ))}
          </ul>
        ) : (
          refusal?.hint || (refusal ? undefined : t("failedHint"))
        )
      }
    />
  );
}
