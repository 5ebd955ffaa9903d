"""
Names of HAProxy 3.2 that mwproxy does not have: refused by name, unlike names that do not exist.
"""

from __future__ import annotations

# ruff: noqa: SIM905  # a list of quoted names would take a line each

#: Sample fetches.
FETCHES = frozenset(
    """
    acl base32 base32+src  bc_be_queue bc_dst bc_dst_port bc_err bc_err_name
    bc_err_str bc_glitches bc_http_major bc_nb_streams bc_rtt bc_rttvar bc_setting_streams_limit
    bc_src bc_src_port bc_srv_queue bs.aborted bs.debug_str bs.id bs.rst_code cpu_calls cpu_ns_avg
    cpu_ns_tot cur_client_timeout cur_server_timeout cur_tunnel_timeout distcc_body distcc_param
    dst_conn dst_is_local   fc_dst_is_local fc_err fc_err_name
    fc_err_str fc_fackets fc_glitches fc_http_major fc_lost fc_nb_streams fc_pp_authority
    fc_pp_tlv fc_pp_unique_id fc_rcvd_proxy fc_reordering fc_retrans fc_rtt fc_rttvar fc_sacked
    fc_settings_streams_limit fc_src_is_local fc_unacked fcgi.docroot fcgi.index fs.aborted
    fs.debug_str fs.id fs.rst_code http_auth http_auth_bearer http_auth_group http_auth_pass
    http_auth_type http_auth_user internal.htx.data internal.htx.free internal.htx.free_data
    internal.htx.has_eom internal.htx.nbblks internal.htx.size internal.htx.used
    internal.htx_blk.data internal.htx_blk.hdrname internal.htx_blk.hdrval internal.htx_blk.size
    internal.htx_blk.start_line internal.htx_blk.type internal.strm.is_htx last_entity
    last_rule_file last_rule_line lat_ns_avg lat_ns_tot payload payload_lv prio_class prio_offset
    quic_enabled rdp_cookie rdp_cookie_cnt rep_ssl_hello_type
    req.hdrs_bin req.len req.payload req.payload_lv req.rdp_cookie req.rdp_cookie_cnt req.ssl_alpn
    req.ssl_cipherlist req.ssl_ec_ext req.ssl_hello_type req.ssl_keyshare_groups req.ssl_sigalgs
    req.ssl_sni req.ssl_st_ext req.ssl_supported_groups req.ssl_ver
    req_len req_ssl_hello_type req_ssl_sni req_ssl_ver request_date
    res.body res.body_len res.cache_hit res.cache_name res.comp res.comp_algo res.hdrs_bin res.len
    res.payload res.payload_lv res.ssl_hello_type   sc0_bytes_in_rate
    sc0_bytes_out_rate sc0_clr_gpc0 sc0_clr_gpc1 sc0_conn_cnt sc0_conn_cur sc0_conn_rate
    sc0_get_gpc0 sc0_get_gpc1 sc0_get_gpt0 sc0_glitch_cnt sc0_glitch_rate sc0_gpc0_rate
    sc0_gpc1_rate sc0_http_err_cnt sc0_http_err_rate sc0_http_fail_cnt sc0_http_fail_rate
    sc0_http_req_cnt sc0_http_req_rate sc0_inc_gpc0 sc0_inc_gpc1 sc0_kbytes_in sc0_kbytes_out
    sc0_key sc0_sess_cnt sc0_sess_rate sc0_tracked sc0_trackers sc1_bytes_in_rate
    sc1_bytes_out_rate sc1_clr_gpc sc1_clr_gpc0 sc1_clr_gpc1 sc1_conn_cnt sc1_conn_cur
    sc1_conn_rate sc1_get_gpc0 sc1_get_gpc1 sc1_get_gpt0 sc1_glitch_cnt sc1_glitch_rate
    sc1_gpc0_rate sc1_gpc1_rate sc1_http_err_cnt sc1_http_err_rate sc1_http_fail_cnt
    sc1_http_fail_rate sc1_http_req_cnt sc1_http_req_rate sc1_inc_gpc0 sc1_inc_gpc1 sc1_kbytes_in
    sc1_kbytes_out sc1_key sc1_sess_cnt sc1_sess_rate sc1_tracked sc1_trackers sc2_bytes_in_rate
    sc2_bytes_out_rate sc2_clr_gpc0 sc2_clr_gpc1 sc2_conn_cnt sc2_conn_cur sc2_conn_rate
    sc2_get_gpc0 sc2_get_gpc1 sc2_get_gpt0 sc2_glitch_cnt sc2_glitch_rate sc2_gpc0_rate
    sc2_gpc1_rate sc2_http_err_cnt sc2_http_err_rate sc2_http_fail_cnt sc2_http_fail_rate
    sc2_http_req_cnt sc2_http_req_rate sc2_inc_gpc0 sc2_inc_gpc1 sc2_kbytes_in sc2_kbytes_out
    sc2_key sc2_sess_cnt sc2_sess_rate sc2_tracked sc2_trackers sc_bytes_in_rate sc_bytes_out_rate
    sc_clr_gpc sc_clr_gpc0 sc_clr_gpc1 sc_conn_cnt sc_conn_cur sc_conn_rate sc_get_gpc sc_get_gpc0
    sc_get_gpc1 sc_get_gpt sc_get_gpt0 sc_glitch_cnt sc_glitch_rate sc_gpc0_rate sc_gpc1_rate
    sc_gpc_rate sc_http_err_cnt sc_http_err_rate sc_http_fail_cnt sc_http_fail_rate
    sc_http_req_cnt sc_http_req_rate sc_inc_gpc sc_inc_gpc0 sc_inc_gpc1 sc_kbytes_in sc_kbytes_out
    sc_key sc_sess_cnt sc_sess_rate sc_tracked sc_trackers server_status spoe.engine-id
    src_bytes_in_rate src_bytes_out_rate src_clr_gpc src_clr_gpc0 src_clr_gpc1 src_conn_cnt
    src_conn_cur src_conn_rate src_get_gpc src_get_gpc0 src_get_gpc1 src_get_gpt src_get_gpt0
    src_glitch_cnt src_glitch_rate src_gpc0_rate src_gpc1_rate src_gpc_rate src_http_err_cnt
    src_http_err_rate src_http_fail_cnt src_http_fail_rate src_http_req_cnt src_http_req_rate
    src_inc_gpc src_inc_gpc0 src_inc_gpc1 src_is_local src_kbytes_in src_kbytes_out src_sess_cnt
    src_sess_rate src_updt_conn_cnt ssl_bc ssl_bc_alg_keysize ssl_bc_alpn ssl_bc_cipher
    ssl_bc_client_early_traffic_secret ssl_bc_client_handshake_traffic_secret ssl_bc_client_random
    ssl_bc_client_traffic_secret_0 ssl_bc_curve ssl_bc_early_exporter_secret ssl_bc_err
    ssl_bc_err_str ssl_bc_exporter_secret ssl_bc_is_resumed ssl_bc_npn ssl_bc_protocol
    ssl_bc_server_handshake_traffic_secret ssl_bc_server_random ssl_bc_server_traffic_secret_0
    ssl_bc_session_id ssl_bc_session_key ssl_bc_unique_id ssl_bc_use_keysize ssl_c_ca_err
    ssl_c_ca_err_depth ssl_c_chain_der ssl_c_der ssl_c_err ssl_c_i_dn ssl_c_key_alg ssl_c_notafter
    ssl_c_notbefore ssl_c_r_dn ssl_c_s_dn ssl_c_san ssl_c_serial ssl_c_sha1 ssl_c_sig_alg
    ssl_c_used ssl_c_verify ssl_c_version ssl_f_der ssl_f_i_dn ssl_f_key_alg ssl_f_notafter
    ssl_f_notbefore ssl_f_s_dn ssl_f_serial ssl_f_sha1 ssl_f_sig_alg ssl_f_version
    ssl_fc_alg_keysize ssl_fc_alpn ssl_fc_cipher ssl_fc_cipherlist_bin ssl_fc_cipherlist_hex
    ssl_fc_cipherlist_str ssl_fc_cipherlist_xxh ssl_fc_client_early_traffic_secret
    ssl_fc_client_handshake_traffic_secret ssl_fc_client_random ssl_fc_client_traffic_secret_0
    ssl_fc_curve ssl_fc_early_exporter_secret ssl_fc_ecformats_bin ssl_fc_eclist_bin ssl_fc_err
    ssl_fc_err_str ssl_fc_exporter_secret ssl_fc_extlist_bin ssl_fc_has_crt ssl_fc_has_early
    ssl_fc_has_sni ssl_fc_is_resumed ssl_fc_npn ssl_fc_protocol ssl_fc_protocol_hello_id
    ssl_fc_server_handshake_traffic_secret ssl_fc_server_random ssl_fc_server_traffic_secret_0
    ssl_fc_session_id ssl_fc_session_key ssl_fc_sigalgs_bin ssl_fc_sni
    ssl_fc_supported_versions_bin ssl_fc_unique_id ssl_fc_use_keysize ssl_s_chain_der ssl_s_der
    ssl_s_i_dn ssl_s_key_alg ssl_s_notafter ssl_s_notbefore ssl_s_s_dn ssl_s_serial ssl_s_sha1
    ssl_s_sig_alg ssl_s_version table_avl table_cnt term_events txn.id32
    unique-id url32 url32+src waiting_entity
    """.split()
)

#: Converters.
CONVERTERS = frozenset(
    """
    aes_gcm_dec aes_gcm_enc capture-req capture-res date debug fix_is_valid fix_tag_value in_table
    json_query jwt_header_query jwt_payload_query jwt_verify language map_beg_key map_dir_key
    map_dom_key map_end_key map_int_key map_ip_key map_reg_key map_str_key map_sub_key
    mqtt_field_value mqtt_is_valid ms_ltime ms_utime nbsrv protobuf rfc7239_field rfc7239_is_valid
    rfc7239_n2nn rfc7239_n2np rfc7239_nn rfc7239_np srv_queue table_bytes_in_rate
    table_bytes_out_rate table_clr_gpc table_clr_gpc0 table_clr_gpc1 table_conn_cnt table_conn_cur
    table_conn_rate table_expire table_glitch_cnt table_glitch_rate table_gpc table_gpc0
    table_gpc0_rate table_gpc1 table_gpc1_rate table_gpc_rate table_gpt table_gpt0
    table_http_err_cnt table_http_err_rate table_http_fail_cnt table_http_fail_rate
    table_http_req_cnt table_http_req_rate table_idle table_inc_gpc table_inc_gpc0 table_inc_gpc1
    table_kbytes_in table_kbytes_out table_server_id table_sess_cnt table_sess_rate table_trackers
    ungrpc us_ltime us_utime when wt6 x509_v_err_str xxh3 xxh32 xxh64
    """.split()
)

#: Log-format variables.
LOG_ALIASES = frozenset(("OG",))

#: Actions by ruleset.
ACTIONS: dict[str, frozenset[str]] = {
    "http-request": frozenset(
        """
        add-acl auth cache-use capture del-acl del-map disable-l7-retry do-log do-resolve
        early-hint normalize-uri pause sc-add-gpc sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1
        sc-set-gpt sc-set-gpt0 set-bandwidth-limit set-bc-mark set-bc-tos
        set-dst set-dst-port set-fc-mark set-fc-tos set-map set-mark set-nice
        set-priority-class set-priority-offset set-retries set-src set-src-port set-timeout
        set-tos silent-drop strict-mode tarpit track-sc use-service wait-for-handshake
        """.split()
    ),
    "http-response": frozenset(
        """
        add-acl cache-store capture del-acl del-map do-log pause sc-add-gpc sc-inc-gpc
        sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0 set-bandwidth-limit
        set-fc-mark set-fc-tos set-map set-mark set-nice set-timeout set-tos silent-drop
        strict-mode track-sc wait-for-body
        """.split()
    ),
    "http-after-response": frozenset(
        """
        capture del-acl del-map do-log sc-add-gpc sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1
        sc-set-gpt sc-set-gpt0 set-map strict-mode
        """.split()
    ),
    **dict.fromkeys(
        ("tcp-request connection", "tcp-request session"),
        frozenset(
            """
            do-log expect-netscaler-cip expect-proxy sc-add-gpc sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1
            sc-set-gpt sc-set-gpt0 set-dst set-dst-port set-fc-mark set-fc-tos set-mark set-src
            set-src-port set-tos silent-drop track-sc
            """.split()
        ),
    ),
    "tcp-request content": frozenset(
        """
        capture do-log do-resolve expect-netscaler-cip expect-proxy ot-group sc-add-gpc sc-inc-gpc
        sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0 set-bandwidth-limit set-bc-mark set-bc-tos
        set-dst set-dst-port set-fc-mark set-fc-tos set-mark set-nice set-priority-class
        set-priority-offset set-retries set-src set-src-port set-tos silent-drop switch-mode
        track-sc use-service
        """.split()
    ),
    "tcp-response content": frozenset(
        """
        do-log ot-group sc-add-gpc sc-inc-gpc sc-inc-gpc0 sc-inc-gpc1 sc-set-gpt sc-set-gpt0
        set-bandwidth-limit set-fc-mark set-fc-tos set-mark set-nice set-tos silent-drop
        """.split()
    ),
}
