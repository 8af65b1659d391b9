import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";
import { api, currentToken, hasToken, setToken, whenSessionEnds } from "./api/client";
import type { Identity } from "./api/types";
import { Skeleton } from "./parts/ui";
import { ChangePassword } from "./pages/change-password";
import { SignIn } from "./pages/sign-in";
import { askOtherTabs, endEverywhere, shareSession } from "./session-tabs";

interface Session {
  identity: Identity;
  may: (permission: string) => boolean;
  signOut: () => void;
}
const Context = createContext<Session | null>(null);

export function useSession(): Session {
  const session = useContext(Context);
  if (session === null) throw new Error("outside of a session");
  return session;
}

/**
 * Shows its inside to whoever is signed in. When the session ends the inside stays, below the form to
 * sign in again, so that nothing that was typed is lost.
 */
export function SessionGate({ children }: { children: ReactNode }) {
  const queries = useQueryClient();
  const [signedIn, setSignedIn] = useState(hasToken());
  const [ended, setEnded] = useState(false);
  const [asking, setAsking] = useState(!hasToken());
  const me = useQuery({ queryKey: ["me"], queryFn: (): Promise<Identity> => api.get("/auth/me"), enabled: signedIn && !ended, retry: false });

  useEffect(() => {
    if (hasToken()) return;
    void askOtherTabs().then((token) => {
      if (token !== null) { setToken(token); setSignedIn(true); }
      setAsking(false);
    });
  }, []);
  useEffect(() => shareSession(currentToken, () => { setToken(null); queries.clear(); setSignedIn(false); setEnded(false); }), [queries]);
  useEffect(() => whenSessionEnds(() => { setToken(null); setEnded(true); }), []);

  const session = useMemo<Session | null>(() => me.data === undefined ? null : {
    identity: me.data,
    may: (permission) => me.data.permissions.includes("*") || me.data.permissions.includes(permission),
    signOut: () => {
      void api.post("/auth/logout").catch(() => {}).finally(() => {
        endEverywhere();
        setToken(null);
        queries.clear();
        setSignedIn(false);
        setEnded(false);
      });
    },
  }, [me.data, queries]);

  const onSignedIn = (token: string) => {
    setToken(token);
    setEnded(false);
    setSignedIn(true);
    void queries.invalidateQueries();
  };

  if (asking) return <main className="mx-auto max-w-3xl p-6"><Skeleton /></main>;
  if (!signedIn || (ended && session === null)) return <SignIn onSignedIn={onSignedIn} />;
  if (session === null) return <main className="mx-auto max-w-3xl p-6">{me.isError ? <SignIn onSignedIn={onSignedIn} /> : <Skeleton />}</main>;
  if (session.identity.must_change_password) return <ChangePassword onChanged={() => void me.refetch()} />;
  return (
    <Context value={session}>
      {children}
      {ended && (
        <div role="dialog" aria-modal="true" aria-label="sign in again" className="fixed inset-0 z-50 overflow-auto bg-stone-950/60">
          <SignIn onSignedIn={onSignedIn} note="Your session has ended. Sign in again; what you typed is still here." />
        </div>
      )}
    </Context>
  );
}
