/** What a screen shows before, instead of and without its data. */

import { Button, Empty, Flex, Result, Spin } from "antd";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import { LinkButton } from "./link_button";

export function Loading() {
  const { t } = useTranslation();
  return (
    <Flex justify="center" style={{ padding: 64 }} role="status" aria-label={t("loading")}>
      <Spin />
    </Flex>
  );
}

export function Failed({ error, retry }: { error: unknown; retry?: () => void }) {
  const { t } = useTranslation();
  const refusal = error instanceof ApiError ? error : null;
  if (refusal?.status === 403) {
    return <Result status="403" title={t("noPermission")} subTitle={refusal.hint || t("noPermissionHint")} />;
  }
  if (refusal?.status === 404) {
    return (
      <Result
        status="404"
        title={refusal.message || t("notFound")}
        subTitle={refusal.hint || t("notFoundHint")}
        extra={<LinkButton to="/">{t("home")}</LinkButton>}
      />
    );
  }
  return (
    <Result
      status="warning"
      title={refusal?.message || t("failed")}
      subTitle={
        <>
          <div>{refusal?.hint || t("failedHint")}</div>
          {refusal?.requestId && <div className="numbers">{t("requestId", { id: refusal.requestId })}</div>}
        </>
      }
      extra={retry && <Button onClick={retry}>{t("retry")}</Button>}
    />
  );
}

/** Somebody came by an address that their role does not open. */
export function Forbidden() {
  const { t } = useTranslation();
  return (
    <Result
      status="403"
      title={t("noPermission")}
      subTitle={t("noPermissionHint")}
      extra={<LinkButton to="/">{t("home")}</LinkButton>}
    />
  );
}

/** An empty list says what would be here and what to do next. */
export function Nothing({ text, action }: { text: string; action?: ReactNode }) {
  return (
    <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={text} style={{ marginBlock: 24 }}>
      {action}
    </Empty>
  );
}

type Query<T> = { data: T | undefined; error: unknown; isPending: boolean; refetch: () => unknown };

/** A query's data when it has come; its loading and its error otherwise. */
export function Loaded<T>({ query, children }: { query: Query<T>; children: (data: T) => ReactNode }) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.isPending) return <Loading />;
  return <Failed error={query.error} retry={() => void query.refetch()} />;
}
