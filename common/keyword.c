#include "common/keyword.h"
