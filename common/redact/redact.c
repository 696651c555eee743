#include "common/redact/redact.h"
