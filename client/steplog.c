#include "client/steplog.h"
