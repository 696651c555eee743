/*
 * protocol - the names both programs must spell alike. The contract itself is io.codegend.varlink beside this file;
 * its text is embedded at build time. Source of the rules: varlink.org, "Service" and "Message format".
 */
#pragma once

#define PROTOCOL_INTERFACE "io.codegend"
#define PROTOCOL_SERVICE "org.varlink.service"

/* Errors of org.varlink.service. */
#define PROTOCOL_INTERFACE_NOT_FOUND "org.varlink.service.InterfaceNotFound"
#define PROTOCOL_METHOD_NOT_FOUND "org.varlink.service.MethodNotFound"
#define PROTOCOL_INVALID_PARAMETER "org.varlink.service.InvalidParameter"
#define PROTOCOL_PERMISSION_DENIED "org.varlink.service.PermissionDenied"
#define PROTOCOL_EXPECTED_MORE "org.varlink.service.ExpectedMore"

/* A message in either direction, NUL included. */
#define PROTOCOL_FRAME_MAX_BYTES (4 * 1024 * 1024)
#define PROTOCOL_DEPTH_MAX 32

/* The text of io.codegend.varlink and, without a NUL, its length. */
extern const char protocol_varlink[];
