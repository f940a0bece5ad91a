//! Which request goes to which use case, and how the outcome is told.

use crate::{AuthContext, AuthError, accounts, administration, registration, sessions};
use rmu_messaging::{
    Context,
    contracts::{
        accounts::{
            BanAccountV1, ChangeRoleV1, CountAccountsV1, DeleteAccountV1, EndSessionsV1, GetAccountV1, ListAccountsV1,
            RenameV1, UnbanAccountV1,
        },
        auth::{JwksV1, KeysV1, LoginV1, LogoutV1, MeV1, RefreshV1, RegisterV1, Request, RpcErrorV1, VerifyEmailV1},
    },
    rpc::Router,
};
use std::future::Future;

/// Everything that auth can be asked.
pub fn router(context: &AuthContext) -> Router {
    let router = Router::new();
    let router =
        on(
            router,
            context,
            |context, request: RegisterV1| async move { registration::register(&context, request).await },
        );
    let router = on(router, context, |context, request: VerifyEmailV1| async move {
        registration::verify_email(&context, request).await
    });
    let router =
        on(router, context, |context, request: LoginV1| async move { sessions::log_in(&context, request).await });
    let router =
        on(router, context, |context, request: RefreshV1| async move { sessions::refresh(&context, request).await });
    let router =
        on(router, context, |context, request: LogoutV1| async move { sessions::log_out(&context, request).await });
    let router = on(router, context, |context, request: MeV1| async move { accounts::me(&context, request).await });
    let router =
        on(router, context, |context, _: JwksV1| async move { Ok(KeysV1 { jwks: context.signer.key_set()? }) });
    on_accounts(router, context)
}

/// What administrators ask, and owners about the end of their account.
fn on_accounts(router: Router, context: &AuthContext) -> Router {
    let router =
        on(
            router,
            context,
            |context, request: ListAccountsV1| async move { administration::list(&context, request).await },
        );
    let router =
        on(
            router,
            context,
            |context, request: GetAccountV1| async move { administration::get(&context, request).await },
        );
    let router =
        on(
            router,
            context,
            |context, request: BanAccountV1| async move { administration::ban(&context, request).await },
        );
    let router = on(router, context, |context, request: UnbanAccountV1| async move {
        administration::unban(&context, request).await
    });
    let router = on(router, context, |context, request: ChangeRoleV1| async move {
        administration::change_role(&context, request).await
    });
    let router = on(router, context, |context, request: EndSessionsV1| async move {
        administration::end_sessions(&context, request).await
    });
    let router = on(router, context, |context, request: CountAccountsV1| async move {
        administration::count(&context, request).await
    });
    let router =
        on(router, context, |context, request: RenameV1| async move { accounts::rename(&context, request).await });
    on(router, context, |context, request: DeleteAccountV1| async move { accounts::delete(&context, request).await })
}

fn on<R, H, F>(router: Router, context: &AuthContext, use_case: H) -> Router
where
    R: Request,
    H: Fn(AuthContext, R) -> F + Send + Sync + 'static,
    F: Future<Output = Result<R::Answer, AuthError>> + Send + 'static,
{
    let context = context.clone();
    router.on(move |request: R, _: Context| {
        let done = use_case(context.clone(), request);
        async move { done.await.map_err(AuthError::into_answer) as Result<R::Answer, RpcErrorV1> }
    })
}
