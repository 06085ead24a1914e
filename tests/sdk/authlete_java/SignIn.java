// A person signs in at an authorization server that is built on Authlete's Java SDK. Tells what each call answered, as a line of JSON.
// Arguments: the version of the API, its base URL, the service's id, its API secret, its access token.

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

import com.authlete.common.api.AuthleteApi;
import com.authlete.common.api.AuthleteApiFactory;
import com.authlete.common.conf.AuthleteSimpleConfiguration;
import com.authlete.common.dto.*;
import com.authlete.common.types.*;
import com.google.gson.Gson;

public class SignIn {
  static final String CALLBACK = "https://shop.example/cb?tenant=1";
  static final String VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  static final Map<String, Object> told = new LinkedHashMap<>();

  public static void main(String[] args) throws Exception {
    AuthleteSimpleConfiguration conf = new AuthleteSimpleConfiguration().setApiVersion(args[0]).setBaseUrl(args[1])
        .setServiceApiKey(args[2]).setServiceApiSecret(args[3]).setServiceAccessToken(args[4]);
    AuthleteApi api = AuthleteApiFactory.create(conf);

    Client client = api.createClient(new Client().setClientName("Shop").setClientType(ClientType.CONFIDENTIAL)
        .setTokenAuthMethod(ClientAuthMethod.CLIENT_SECRET_BASIC).setRedirectUris(new String[] {CALLBACK})
        .setGrantTypes(new GrantType[] {GrantType.AUTHORIZATION_CODE, GrantType.REFRESH_TOKEN})
        .setResponseTypes(new ResponseType[] {ResponseType.CODE}));
    told.put("client", client.getClientId());

    AuthorizationResponse asked = api.authorization(request(client, "prompt", "login", "display", "wap"));
    told.put("asked", new Object[] {asked.getAction(), asked.getResultCode(), asked.getTicket().length(), asked.getClient().getClientId(),
        asked.getClient().getClientSecret(), names(asked.getScopes()), asked.getPrompts(), asked.getDisplay(), asked.getMaxAge(),
        asked.getClaims(), asked.getService().getApiKey()});

    AuthorizationTicketUpdateResponse updated = api.authorizationTicketUpdate(new AuthorizationTicketUpdateRequest()
        .setTicket(asked.getTicket()).setInfo(new AuthorizationTicketInfo().setContext("kept")));
    AuthorizationTicketInfoResponse info = api.authorizationTicketInfo(new AuthorizationTicketInfoRequest().setTicket(asked.getTicket()));
    told.put("ticket", new Object[] {updated.getAction(), info.getAction(), info.getInfo().getContext()});

    AuthorizationIssueResponse issued = api.authorizationIssue(new AuthorizationIssueRequest().setTicket(asked.getTicket()).setSubject("john")
        .setAuthTime(System.currentTimeMillis() / 1000).setAcr("gold").setClaims("{\"email\":\"john@example.com\"}"));
    told.put("issued", new Object[] {issued.getAction(), issued.getResponseContent(), issued.getAuthorizationCode()});

    TokenResponse granted = api.token(code(client, issued.getAuthorizationCode()));
    told.put("granted", new Object[] {granted.getAction(), granted.getGrantType(), granted.getSubject(), granted.getScopes(), granted.getIdToken()});
    told.put("again", api.token(code(client, issued.getAuthorizationCode())).getResultCode());

    AuthorizationResponse other = api.authorization(request(client));
    issued = api.authorizationIssue(new AuthorizationIssueRequest().setTicket(other.getTicket()).setSubject("john"));
    granted = api.token(code(client, issued.getAuthorizationCode()));
    String token = granted.getJwtAccessToken() == null ? granted.getAccessToken() : granted.getJwtAccessToken();
    UserInfoResponse known = api.userinfo(new UserInfoRequest().setToken(token));
    told.put("userinfo", new Object[] {known.getAction(), known.getSubject(), known.getClientId(), known.getClaims()});
    UserInfoIssueResponse said = api.userinfoIssue(new UserInfoIssueRequest().setToken(token).setClaims("{\"email\":\"john@example.com\"}"));
    told.put("said", new Object[] {said.getAction(), said.getResponseContent()});

    IDTokenReissueResponse reissued = api.idTokenReissue(new IDTokenReissueRequest().setAccessToken(token)
        .setRefreshToken(granted.getRefreshToken()).setClaims("{\"email\":\"new@example.com\"}"));
    told.put("reissued", new Object[] {reissued.getAction(), reissued.getIdToken()});

    AuthorizationRequest toPush = request(client);
    PushedAuthReqResponse pushed = api.pushAuthorizationRequest(new PushedAuthReqRequest().setParameters(toPush.getParameters())
        .setClientId(String.valueOf(client.getClientId())).setClientSecret(client.getClientSecret()));
    String reference = encoded(Map.of("client_id", String.valueOf(client.getClientId()), "request_uri", pushed.getRequestUri().toString()));
    AuthorizationResponse opened = api.authorization(new AuthorizationRequest().setParameters(reference));
    AuthorizationResponse again = api.authorization(new AuthorizationRequest().setParameters(reference));
    told.put("pushed", new Object[] {pushed.getAction(), opened.getAction(), again.getAction()});

    Client telly = api.createClient(new Client().setClientName("Telly").setClientType(ClientType.PUBLIC)
        .setTokenAuthMethod(ClientAuthMethod.NONE).setGrantTypes(new GrantType[] {GrantType.DEVICE_CODE}));
    String tellyId = String.valueOf(telly.getClientId());
    DeviceAuthorizationResponse begun = api.deviceAuthorization(new DeviceAuthorizationRequest()
        .setParameters(encoded(Map.of("client_id", tellyId, "scope", "openid history.read"))));
    DeviceVerificationResponse seen = api.deviceVerification(new DeviceVerificationRequest().setUserCode(begun.getUserCode()));
    DeviceCompleteResponse completed = api.deviceComplete(new DeviceCompleteRequest().setUserCode(begun.getUserCode())
        .setResult(DeviceCompleteRequest.Result.AUTHORIZED).setSubject("john"));
    TokenResponse polled = api.token(new TokenRequest().setParameters(encoded(Map.of("client_id", tellyId, "device_code",
        begun.getDeviceCode(), "grant_type", "urn:ietf:params:oauth:grant-type:device_code"))));
    told.put("device", new Object[] {begun.getAction(), seen.getAction(), names(seen.getScopes()), completed.getAction(), polled.getAction()});

    Client till = api.createClient(new Client().setClientName("Till").setClientType(ClientType.CONFIDENTIAL)
        .setTokenAuthMethod(ClientAuthMethod.CLIENT_SECRET_BASIC).setGrantTypes(new GrantType[] {GrantType.CIBA})
        .setBcDeliveryMode(DeliveryMode.PING).setBcNotificationEndpoint(new java.net.URI("https://bank.example/notified")));
    String tillId = String.valueOf(till.getClientId());
    BackchannelAuthenticationResponse sought = api.backchannelAuthentication(new BackchannelAuthenticationRequest()
        .setParameters(encoded(Map.of("scope", "openid", "login_hint", "john", "client_notification_token", "8d67dc78")))
        .setClientId(tillId).setClientSecret(till.getClientSecret()));
    BackchannelAuthenticationIssueResponse found = api.backchannelAuthenticationIssue(
        new BackchannelAuthenticationIssueRequest().setTicket(sought.getTicket()));
    BackchannelAuthenticationCompleteResponse agreed = api.backchannelAuthenticationComplete(new BackchannelAuthenticationCompleteRequest()
        .setTicket(sought.getTicket()).setResult(BackchannelAuthenticationCompleteRequest.Result.AUTHORIZED).setSubject("john"));
    TokenResponse fetched = api.token(new TokenRequest().setClientId(tillId).setClientSecret(till.getClientSecret())
        .setParameters(encoded(Map.of("grant_type", "urn:openid:params:grant-type:ciba", "auth_req_id", found.getAuthReqId()))));
    BackchannelAuthenticationFailResponse unknown = api.backchannelAuthenticationFail(new BackchannelAuthenticationFailRequest()
        .setTicket(sought.getTicket()).setReason(BackchannelAuthenticationFailRequest.Reason.UNKNOWN_USER_ID));
    told.put("elsewhere", new Object[] {sought.getAction(), sought.getDeliveryMode(), sought.getHintType(), sought.getHint(),
        found.getAction(), agreed.getAction(), agreed.getClientNotificationEndpoint().toString(), agreed.getClientNotificationToken(),
        fetched.getAction(), fetched.getGrantType(), unknown.getAction()});

    AuthorizationResponse refused = api.authorization(request(client));
    AuthorizationFailResponse failed = api.authorizationFail(new AuthorizationFailRequest().setTicket(refused.getTicket())
        .setReason(AuthorizationFailRequest.Reason.DENIED));
    told.put("failed", new Object[] {failed.getAction(), failed.getResponseContent()});
    AuthorizationResponse evil = api.authorization(request(client, "redirect_uri", "https://evil.example/"));
    told.put("evil", new Object[] {evil.getAction(), evil.getResultCode()});

    long id = client.getClientId();
    told.put("requestable", new Object[] {api.setRequestableScopes(id, new String[] {"email"}), api.getRequestableScopes(id)});
    api.deleteRequestableScopes(id);
    AuthorizedClientListResponse apps = api.getClientAuthorizationList(new ClientAuthorizationGetListRequest("john", 0, 100));
    boolean isListed = Stream.of(apps.getClients()).anyMatch(app -> app.getClientId() == id);
    GrantedScopesGetResponse scopes = api.getGrantedScopes(id, "john");
    told.put("apps", new Object[] {apps.getSubject(), isListed, scopes.getLatestGrantedScopes(), scopes.getMergedGrantedScopes()});
    api.updateClientAuthorization(id, new ClientAuthorizationUpdateRequest("john", new String[] {"email"}));
    api.deleteGrantedScopes(id, "john");
    api.deleteClientAuthorization(id, "john");
    told.put("ended", new Object[] {api.getGrantedScopes(id, "john").getLatestGrantedScopes(), api.userinfo(new UserInfoRequest().setToken(token)).getAction()});

    System.out.println(new Gson().toJson(told));
  }

  static AuthorizationRequest request(Client client, String... more) {
    Map<String, String> form = new LinkedHashMap<>(Map.of("response_type", "code", "client_id", String.valueOf(client.getClientId()),
        "redirect_uri", CALLBACK, "scope", "openid email history.read", "state", "s 1",
        "code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "code_challenge_method", "S256"));
    for (int i = 0; i < more.length; i += 2) form.put(more[i], more[i + 1]);
    return new AuthorizationRequest().setParameters(encoded(form));
  }

  static TokenRequest code(Client client, String code) {
    Map<String, String> form = Map.of("grant_type", "authorization_code", "code", code, "redirect_uri", CALLBACK, "code_verifier", VERIFIER);
    return new TokenRequest().setParameters(encoded(form)).setClientId(String.valueOf(client.getClientId()))
        .setClientSecret(client.getClientSecret());
  }

  static String encoded(Map<String, String> form) {
    return form.entrySet().stream().map(pair -> pair.getKey() + "=" + URLEncoder.encode(pair.getValue(), StandardCharsets.UTF_8))
        .collect(Collectors.joining("&"));
  }

  static Object names(Scope[] scopes) {
    return Stream.of(scopes).map(Scope::getName).toArray();
  }
}
